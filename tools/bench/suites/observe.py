"""What it costs that the loop measures itself, by leaving that out. tests/benchmarks/README.md says how to read it."""

import dataclasses
import json
import subprocess

from tools.bench.suite import Benchmark, Suite
from tools.bench.suites import loop

# At most 2 %.
_BAR = 0.98
_LOOP = {benchmark.name: benchmark for benchmark in loop.BENCHMARKS}

BENCHMARKS = [
    dataclasses.replace(_LOOP[name], bar=_BAR) for name in ("immediates", "ticks", "timers_fire", "timers_cancel", "echo_100")
] + [
    # No bar: of two nanoseconds every stroke is a large part. Whoever reads it compares it with what an operation costs.
    Benchmark("refs", "the ref of an operation, listed in the ledger and not", "ns", False, bar=None, seconds=0.5),
]
_COUNTS = {"refs": 50_000_000}


def measure(benchmark, subject, bin_dir):
    words = ["unmeasured"] if subject == "unmeasured" else []
    if benchmark.name in _COUNTS:
        count = _COUNTS[benchmark.name]
        command = loop.command("rota", bin_dir, benchmark.name, count) + words
        done = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=60).stdout)
        return loop.value(benchmark, count, done["amount"])
    return loop.measure(benchmark, "rota", bin_dir, words)


SUITE = Suite(
    name="observe",
    benchmarks=BENCHMARKS,
    subjects=["rota", "unmeasured"],
    reference="unmeasured",
    targets={"//tests/benchmarks/loop:rota_subject": [], "//tests/benchmarks/loop:echo_client": []},
    measure=measure,
)
