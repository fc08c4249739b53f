"""The event loop against libuv, Node and plain Asio. tests/benchmarks/README.md describes each benchmark."""

import json
import os
import shutil
import subprocess

from tools.bench.suite import Benchmark, MeasurementFailed, NotMeasured, Suite

_FOLDER = "tests/benchmarks/loop"
# A subject that hangs must not hang the run.
_SECONDS = 120

# How much work one measurement does: a few tenths of a second, in which the first 10 ms, before the pace of the processor's counter is
# known and the clock takes longer to read, do not matter.
_COUNTS = {
    "immediates": 1_000_000,
    "immediates_io": 1_000_000,
    "ticks": 10_000_000,
    "timers_fire": 1_000_000,
    "timers_cancel": 5_000_000,
    "timeouts_cancel": 5_000_000,
    "post_1": 5_000_000,
    "post_4": 5_000_000,
    "job_1": 20_000,
    "job_64": 1_000_000,
    "echo_1": 4_000,
    "echo_100": 20_000,
    "idle_iteration": 1_000_000,
    "idle_iteration_io": 1_000_000,
    "timer_bytes": 1_000_000,
}
_ECHO_CONNECTIONS = {"echo_1": 1, "echo_100": 100}

BENCHMARKS = [
    Benchmark("immediates", "immediates, each queued by the one before", "immediates/s", True),
    Benchmark("immediates_io", "the same beside a socket that listens", "immediates/s", True),
    Benchmark("ticks", "ticks, queued a thousand at a time", "ticks/s", True),
    Benchmark("timers_fire", "timers started and fired", "timers/s", True),
    Benchmark("timers_cancel", "deadlines of 1 ms to 60 s, 99 % cancelled", "timers/s", True, bar=3),
    Benchmark("timeouts_cancel", "the same with SetTimeout() in Rota", "timers/s", True),
    Benchmark("post_1", "callbacks from another thread", "posts/s", True),
    Benchmark("post_4", "callbacks from four other threads", "posts/s", True),
    Benchmark("job_1", "empty jobs of the worker pool, one in flight", "jobs/s", True),
    Benchmark("job_64", "empty jobs of the worker pool, 64 in flight", "jobs/s", True, bar=2),
    Benchmark("echo_1", "echoes of 64 bytes over TCP, one connection", "round trips/s", True, turns=5),
    Benchmark("echo_100", "echoes of 64 bytes over TCP, 100 connections", "round trips/s", True, turns=5),
    Benchmark("idle_iteration", "an iteration without anything to do", "ns", False),
    Benchmark("idle_iteration_io", "the same beside a socket that listens", "ns", False),
    Benchmark("timer_bytes", "memory of an armed timer with its handle", "bytes", False),
]

_MISSING = {
    ("ticks", "asio"): "Asio has no queue that is drained between two callbacks",
    ("timeouts_cancel", "node"): "timers_cancel is the same in Node",
    ("post_1", "node"): "JavaScript cannot post to the loop from a thread of its own",
    ("post_4", "node"): "JavaScript cannot post to the loop from a thread of its own",
    ("job_1", "node"): "JavaScript cannot give an empty job to the thread pool",
    ("job_64", "node"): "JavaScript cannot give an empty job to the thread pool",
    ("idle_iteration", "node"): "JavaScript cannot run a single iteration",
    ("idle_iteration_io", "node"): "JavaScript cannot run a single iteration",
}


def measure(benchmark, subject, bin_dir):
    if (benchmark.name, subject) in _MISSING:
        raise NotMeasured(_MISSING[benchmark.name, subject])
    name, count = benchmark.name, _COUNTS[benchmark.name]
    if name in _ECHO_CONNECTIONS:
        done = _echo(subject, bin_dir, _ECHO_CONNECTIONS[name], count)
    else:
        done = _answer(subject, subprocess.run(command(subject, bin_dir, name, count), stdout=subprocess.PIPE, timeout=_SECONDS))
    if done["operations"] != count:
        raise MeasurementFailed(f"{name}: {subject} did {done['operations']} of {count} operations")
    return value(benchmark, count, done["amount"])


def value(benchmark, count, measured):
    """The number to tell, from what a subject has measured: seconds, or bytes."""
    if benchmark.unit == "bytes":
        return measured / count
    if benchmark.unit == "ns":
        return measured / count * 1e9
    return count / measured


def command(subject, bin_dir, bench, count):
    if subject != "node":
        return [os.path.join(bin_dir, _FOLDER, subject + "_subject"), bench, str(count)]
    node = shutil.which("node")
    if node is None:
        raise NotMeasured("Node is not installed")
    return [node, os.path.join(_FOLDER, "node_subject.js"), bench, str(count)]


def _echo(subject, bin_dir, connections, count):
    """The client measures; the server must have echoed as much."""
    with subprocess.Popen(command(subject, bin_dir, "echo", connections), stdout=subprocess.PIPE, text=True) as server:
        try:
            port = json.loads(server.stdout.readline())["port"]
            client = os.path.join(bin_dir, _FOLDER, "echo_client")
            drive = [client, str(port), str(connections), str(count)]
            done = _answer("echo_client", subprocess.run(drive, stdout=subprocess.PIPE, timeout=_SECONDS))
            echoed = json.loads(server.stdout.readline())["operations"]
        except (ValueError, KeyError, subprocess.TimeoutExpired) as error:
            server.kill()
            raise MeasurementFailed(f"echo: {subject} did not answer: {error}") from error
    if echoed != count:
        raise MeasurementFailed(f"echo: {subject} echoed {echoed} of {count} messages")
    return done


def _answer(subject, process):
    if process.returncode != 0:
        raise MeasurementFailed(f"{subject} ended with status {process.returncode}")
    return json.loads(process.stdout)


SUITE = Suite(
    name="loop",
    benchmarks=BENCHMARKS,
    subjects=["rota", "libuv", "node", "asio"],
    reference="libuv",
    targets={
        f"//{_FOLDER}:rota_subject": ["rota"],
        f"//{_FOLDER}:libuv_subject": ["libuv"],
        f"//{_FOLDER}:asio_subject": ["asio"],
        f"//{_FOLDER}:echo_client": [],
    },
    measure=measure,
)
