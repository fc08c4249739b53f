"""What the rpc benchmarks do to a server that runs: run_NAME(load, subject, server, bin_dir) -> {name: number}."""

import contextlib
import dataclasses
import json
import math
import os
import resource
import statistics
import subprocess
import time
import typing

from tools.bench import h2load
from tools.bench.rpc_servers import FOLDER, UNARY_ONLY, command
from tools.bench.server import LOAD_CORE, SERVER_CORE, Server
from tools.bench.suite import Benchmark, MeasurementFailed, NotMeasured

UNARY = "/grpc.testing.BenchmarkService/UnaryCall"
# How long one measurement drives a server, how long it is driven before, and the calls that the first look at its speed takes.
_SECONDS, _WARM_UP_SECONDS, _LOOK = 1.5, 0.3, 2000
# For percentiles it takes more calls, in whole seconds.
_RATE_SECONDS, _ATTEMPTS = 3, 3
# The three kinds of seconds of the long tail take so many turns.
_TURNS = 7
# What a call of the long tail blocks, how many of a hundred do, and how often that wakes up a thread: for the job, and when the sleep is over.
_BLOCKED_SECONDS, _SLOW_PERCENT, _WAKE_UPS = 0.005, 1, 2
# A run of the load that hangs must not hang ours.
_LIMIT = 180
IDLE_CONNECTIONS = 10_000
# Servers that give memory back do so a while after the work.
_REST_SECONDS = 2.5


def request(size):
    """SimpleRequest{payload{body: size bytes}}, framed for gRPC."""
    payload = b"\x12" + _varint(size) + b"x" * size
    message = b"\x1a" + _varint(len(payload)) + payload
    return b"\0" + len(message).to_bytes(4, "big") + message


def _varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


@dataclasses.dataclass(frozen=True)
class Load:
    benchmark: Benchmark
    # run(load, subject, server, bin_dir) -> {name: number}
    run: typing.Callable
    bytes: int = 16
    connections: int = 1
    streams: int = 1
    method: str = "UnaryCall"
    # For the server, beside those that it always has.
    flags: typing.Sequence[str] = ()
    # None: all.
    only: typing.Optional[typing.Sequence[str]] = None


def _load_tool(bin_dir, *words, **options):
    """Runs the load program of our own."""
    tool = ["taskset", "-c", LOAD_CORE, os.path.join(bin_dir, FOLDER, "load")] + [str(word) for word in words]
    done = subprocess.run(tool, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=_LIMIT, **options)
    if done.returncode != 0:
        raise MeasurementFailed(f"load {' '.join(tool[4:])}: {done.stderr[-400:].strip()}")
    return json.loads(done.stdout) if done.stdout else None


def check(subject, server, bin_dir):
    _load_tool(bin_dir, "check", server.address, "--method=" + ("unary" if subject in UNARY_ONLY else "all"))


def _cost_of_each(before, after, count):
    """Microseconds of CPU for each of `count` calls."""
    user, system, both = (seconds * 1e6 / count for seconds in after.since(before))
    return {"user": user, "system": system, "both": both}


def calls_of_a_measurement(drive, look, least=1, seconds=_SECONDS):
    """How many calls take so long once the server is warm. drive(calls) makes calls and returns how many it made in a second."""
    warm_up = max(least, int(drive(max(least, look)) * _WARM_UP_SECONDS))
    return max(least, int(drive(warm_up) * seconds))


def run_unary(load, subject, server, bin_dir):
    body, shape = request(load.bytes), (load.connections, load.streams)
    least = load.connections * load.streams * 10
    look = 100 if load.bytes > 10_000 else _LOOK
    calls = calls_of_a_measurement(lambda count: h2load.run(server.address, UNARY, body, count, *shape).calls_per_second, look, least)
    before = server.cpu()
    done = h2load.run(server.address, UNARY, body, calls, *shape)
    cost = _cost_of_each(before, server.cpu(), calls)
    # By itself: writing the log is work that h2load does between the calls.
    timed = h2load.run(server.address, UNARY, body, max(least, calls // 4), *shape, times=True)
    numbers = {load.benchmark.name: cost["both"], "user": cost["user"], "system": cost["system"], "rate": done.calls_per_second}
    for name, part in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)):
        numbers[name] = h2load.percentile(timed.times, part)
    return {**numbers, "rss": server.resident_bytes()}


def run_stream(load, subject, server, bin_dir):
    done = _load_tool(bin_dir, "stream", server.address, f"--method={load.method}", f"--connections={load.connections}",
                      f"--streams={load.streams}", f"--bytes={load.bytes}", f"--seconds={math.ceil(_SECONDS)}", f"--pid={server.pid}")
    if done["messages"] == 0:
        raise MeasurementFailed("no message came")
    return {load.benchmark.name: done["messages_per_second"], "cpu": done["server_cpu_seconds"] * 1e6 / done["messages"], "load": done["load_busy"]}


def run_connect(load, subject, server, bin_dir):
    before, calls = server.cpu(), 5000
    done = _load_tool(bin_dir, "connect", server.address, f"--calls={calls}")
    return {load.benchmark.name: done["calls_per_second"], "cpu": _cost_of_each(before, server.cpu(), calls)["both"]}


def run_idle(load, subject, server, bin_dir):
    empty = server.resident_bytes()
    tool = ["taskset", "-c", LOAD_CORE, os.path.join(bin_dir, FOLDER, "load"), "idle", server.address, f"--connections={IDLE_CONNECTIONS}"]
    with subprocess.Popen(tool, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as client:
        ready = client.stdout.readline()
        time.sleep(_REST_SECONDS)
        held = server.resident_bytes()
        client.stdin.close()
        said = client.stderr.read()
    if ready != "ready\n":
        raise MeasurementFailed(f"{subject} did not take {IDLE_CONNECTIONS} connections: {said[-400:]}")
    return {load.benchmark.name: (held - empty) / IDLE_CONNECTIONS, "empty": empty}


# The calls in a second that a subject reached in this run, by which the rates of others are set.
_reached = {}


def _reach(subject, server):
    if subject not in _reached:
        def drive(calls):
            return h2load.run(server.address, UNARY, request(16), calls, 10, 10).calls_per_second

        _reached[subject] = drive(calls_of_a_measurement(drive, _LOOK))
    return _reached[subject]


def _at_rate(bin_dir, server, rate, slow_percent=0, seconds=_RATE_SECONDS):
    # Where the load is held up for a tenth of a second, all that was due meanwhile comes at once and a server may refuse it. That
    # says nothing about the rate; a server that cannot keep it will not the next time either.
    for _ in range(_ATTEMPTS):
        done = _load_tool(bin_dir, "rate", server.address, f"--rate={rate:.0f}", "--connections=10", f"--slow-percent={slow_percent}",
                          f"--seconds={seconds}")
        if "overloaded" not in done:
            return done
    raise NotMeasured(f"it does not keep up with {rate:.0f} calls in a second")


def run_half_load(load, subject, server, bin_dir):
    """Every subject gets half of what gRPC C++ with callbacks can do."""
    if "grpc_callback" not in _reached:
        with Server(*command("grpc_callback", bin_dir)) as rival:
            _reach("grpc_callback", rival)
    rate = _reached["grpc_callback"] / 2
    done = _at_rate(bin_dir, server, rate)
    return {load.benchmark.name: done["fast"]["p99_us"], "p50": done["fast"]["p50_us"], "p99.9": done["fast"]["p999_us"],
            "late": done["late"]["p99_us"], "rate": rate}


def run_long_tail(load, subject, server, bin_dir):
    """Seconds of three kinds take turns: the calls alone; beside a program on the server's core whose threads only sleep, and wake up
    as often as the workers do; and with calls that block. The p99 is the median of those of windows of 20 ms: the system pauses a core
    for milliseconds several times a second, for about one percent of the time, which is what a p99 over longer shows."""
    rate = _reach(subject, server) / 2
    alone, sleepers, beside = [], [], []
    for _ in range(_TURNS):
        alone.append(_at_rate(bin_dir, server, rate, seconds=1))
        with _sleepers(bin_dir, rate):
            sleepers.append(_at_rate(bin_dir, server, rate, seconds=1))
        beside.append(_at_rate(bin_dir, server, rate, slow_percent=_SLOW_PERCENT, seconds=1))
    windows = [median_of_windows(seconds) for seconds in (alone, sleepers, beside)]
    whole = [statistics.median(second["fast"]["p99_us"] for second in seconds) for seconds in (alone, beside)]
    return {load.benchmark.name: windows[2] / windows[0], "sleepers": windows[1] / windows[0], "alone": windows[0], "beside": windows[2],
            "whole_alone": whole[0], "whole_beside": whole[1], "slow": statistics.median(second["slow"]["p50_us"] for second in beside),
            "late": median_of_windows(beside, "late"), "rate": rate}


@contextlib.contextmanager
def _sleepers(bin_dir, rate):
    command = ["taskset", "-c", SERVER_CORE, os.path.join(bin_dir, FOLDER, "sleepers"), str(sleepers_at(rate))]
    # They end with their input, also when this program is killed.
    with subprocess.Popen(command, stdin=subprocess.PIPE) as program:
        yield
        if program.poll() is not None:
            raise MeasurementFailed("the threads that sleep have ended")


def sleepers_at(rate):
    """Threads that sleep as long as a call blocks, one time after the other, and wake up as often as the calls of `rate` make workers do."""
    return max(1, round(rate * _SLOW_PERCENT / 100 * _WAKE_UPS * _BLOCKED_SECONDS))


def median_of_windows(seconds, kind="fast"):
    # None: no call was due in the window.
    return statistics.median(p99 for second in seconds for p99 in second[kind]["windows_p99_us"] if p99 is not None)


def allow_descriptors(count):
    """For this process and those that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= count:
        return
    if hard < count:
        raise NotMeasured(f"a process may open {hard} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
