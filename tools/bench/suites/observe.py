"""What it costs that the loop measures itself, by leaving that out in one of two loops of one process. tests/benchmarks/README.md
says how to read it."""

import json
import math
import os
import statistics
import subprocess

from tools.bench.suite import Benchmark, MeasurementFailed, Metric, Suite

_FOLDER = "tests/benchmarks/loop"
# A subject that hangs must not hang the run.
_SECONDS = 120
# How many comparisons one measurement is made of. Timers that fire wait 10 ms each time, echoes have work that is not counted.
_PAIRS = {"timers_fire": 160, "echo_1": 160, "echo_100": 160, "refs": 40}
_USUAL_PAIRS = 320

# The processor time of one operation in the loop that measures, and in the other one. And between what the ratio of this process
# lies with a certainty of about 95 %.
_MORE = (Metric("low", "ratio", False), Metric("high", "ratio", False), Metric("with", "ns", False), Metric("without", "ns", False))


def _benchmark(name, about, limit=1.02, seconds=4.0):
    return Benchmark(name, about, "ratio", False, bar=None, more=_MORE, limit=limit, seconds=seconds)


BENCHMARKS = [
    _benchmark("immediates", "immediates, each queued by the one before"),
    _benchmark("immediates_io", "the same beside a socket that listens"),
    _benchmark("ticks", "ticks, queued a thousand at a time"),
    _benchmark("timers_fire", "timers started and fired", seconds=9),
    _benchmark("timers_cancel", "deadlines of 1 ms to 60 s, 99 % cancelled"),
    _benchmark("echo_1", "echoes of 64 bytes over TCP, one in an iteration", seconds=8),
    _benchmark("echo_100", "echoes of 64 bytes over TCP, 100 connections", seconds=8),
    # No bar: of a nanosecond every stroke is a large part. Whoever reads it compares it with what an operation costs.
    _benchmark("refs", "the ref of an operation, listed in the ledger and not", limit=None, seconds=1),
]


def measure(benchmark, _subject, bin_dir):
    name, pairs = benchmark.name, _PAIRS.get(benchmark.name, _USUAL_PAIRS)
    command = [os.path.join(bin_dir, _FOLDER, "observe_subject"), name, str(pairs)]
    process = subprocess.run(command, stdout=subprocess.PIPE, timeout=_SECONDS)
    if process.returncode != 0:
        raise MeasurementFailed(f"{name}: ended with status {process.returncode}")
    done = json.loads(process.stdout)
    if len(done["pairs"]) != pairs:
        raise MeasurementFailed(f"{name}: {len(done['pairs'])} of {pairs} comparisons were made")
    having, without = zip(*done["pairs"])
    ratios = [one / other for one, other in done["pairs"]]
    low, high = interval(ratios)
    return {
        name: statistics.median(ratios),
        "low": low,
        "high": high,
        "with": statistics.median(having) / done["operations"] * 1e9,
        "without": statistics.median(without) / done["operations"] * 1e9,
    }


def interval(values):
    """What holds the median of all that could be measured with a certainty of about 95 %, whatever their distribution: the values
    by rank that are 0.98 sqrt(n) away from the middle (the normal approximation of the sign test)."""
    ordered, middle, away = sorted(values), len(values) / 2, 0.98 * math.sqrt(len(values))
    return ordered[max(0, math.floor(middle - away))], ordered[min(len(ordered) - 1, math.ceil(middle + away))]


SUITE = Suite(
    name="observe",
    benchmarks=BENCHMARKS,
    subjects=["rota"],
    reference="",
    targets={f"//{_FOLDER}:observe_subject": []},
    measure=measure,
)
