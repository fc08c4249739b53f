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
# With each call, as a client should: it makes a server watch it, and is more than any of them takes.
DEADLINE = "grpc-timeout: 20S"
# How long one measurement drives a server, how long it is driven before, the calls that the first look at its speed takes, and those
# that a measurement makes though it takes longer.
_SECONDS, _WARM_UP_SECONDS, _LOOK, _MOST_AT_LEAST = 1.5, 0.3, 2000, 10_000
# For percentiles it takes more calls, in whole seconds.
_RATE_SECONDS, _ATTEMPTS = 3, 3
# The three kinds of seconds of the long tail take so many turns.
_TURNS = 7
# How long a call of the long tail blocks a worker, how many of a hundred do, and how often that wakes up a thread: for the job, and when the sleep is over.
_BLOCKED_MS, _SLOW_PERCENT, _WAKE_UPS = 5, 1, 2
# How long a server is stopped in the midst of its load, in how many runs of how many seconds, and what counts as latencies like those
# before: so many windows in a row of at most so many times their median.
_PAUSE_MS, _PAUSES, _PAUSE_SECONDS, _CALM_WINDOWS, _CALM = 50, 3, 2, 3, 5
# Of the p99s that the load tells: WindowedPercentiles::kWindow.
_WINDOW_MS = 20
# For a server that calls block: enough workers that none waits for one (three are at work on the average), or the queue of jobs would be
# what is measured.
BLOCKING = ("--workers=16", f"--lookup-time={_BLOCKED_MS / 1000}")
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
    # Some for each stream, but a slow server is to end as well.
    least = min(load.connections * load.streams * 10, _MOST_AT_LEAST)
    look = 100 if load.bytes > 10_000 else _LOOK
    def make(calls, **options):
        return h2load.run(server.address, UNARY, body, calls, *shape, headers=(DEADLINE,), **options)

    calls = calls_of_a_measurement(lambda count: make(count).calls_per_second, look, least)
    before = server.cpu()
    done = make(calls)
    cost = _cost_of_each(before, server.cpu(), calls)
    # By itself: writing the log is work that h2load does between the calls.
    timed = make(max(least, calls // 4), times=True)
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
            return h2load.run(server.address, UNARY, request(16), calls, 10, 10, headers=(DEADLINE,)).calls_per_second

        _reached[subject] = drive(calls_of_a_measurement(drive, _LOOK))
    return _reached[subject]


def _at_rate(bin_dir, server, rate, slow_percent=0, seconds=_RATE_SECONDS, flags=()):
    # Where the load is held up for a tenth of a second, all that was due meanwhile comes at once and a server may refuse it. That
    # says nothing about the rate; a server that cannot keep it will not the next time either.
    for _ in range(_ATTEMPTS):
        done = _load_tool(bin_dir, "rate", server.address, f"--rate={rate:.0f}", "--connections=10", f"--slow-percent={slow_percent}",
                          f"--seconds={seconds}", *flags)
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
    command = ["taskset", "-c", SERVER_CORE, os.path.join(bin_dir, FOLDER, "sleepers"), str(sleepers_at(rate)), str(_BLOCKED_MS)]
    # They end with their input, also when this program is killed.
    with subprocess.Popen(command, stdin=subprocess.PIPE) as program:
        yield
        if program.poll() is not None:
            raise MeasurementFailed("the threads that sleep have ended")


def sleepers_at(rate):
    """Threads that sleep as long as a call blocks, one time after the other, and wake up as often as the calls of `rate` make workers do."""
    return max(1, round(rate * _SLOW_PERCENT / 100 * _WAKE_UPS * _BLOCKED_MS / 1000))


def median_of_windows(seconds, kind="fast"):
    # None: no call was due in the window.
    return statistics.median(p99 for second in seconds for p99 in second[kind]["windows_p99_us"] if p99 is not None)


def run_recovery(load, subject, server, bin_dir):
    """An open loop at the rate of the long tail, with its calls that block; in its midst the server is stopped. How long until the
    calls that are due take as long as before?"""
    rate = _reach(subject, server) / 2
    pause = (f"--pause-ms={_PAUSE_MS}", f"--pid={server.pid}")
    times = []
    for _ in range(_PAUSES):
        done = _at_rate(bin_dir, server, rate, slow_percent=_SLOW_PERCENT, seconds=_PAUSE_SECONDS, flags=pause)
        times.append(recovery_ms(done["fast"]["windows_p99_us"]))
    return {load.benchmark.name: statistics.median(times), "longest": max(times), "rate": rate}


def recovery_ms(windows):
    """From the middle of the windows, where the pause begins, until their p99 is what it was before; the rest of them if it never is."""
    middle = len(windows) // 2
    usual = statistics.median(p99 for p99 in windows[:middle] if p99 is not None)
    calm = _CALM * usual
    is_calm = [p99 is not None and p99 <= calm for p99 in windows]
    if is_calm[middle]:
        raise MeasurementFailed(f"the pause does not show: the p99 was {usual:.0f} us before, and no more than {_CALM} times as much in it")
    for first in range(middle, len(windows) - _CALM_WINDOWS + 1):
        if all(is_calm[first : first + _CALM_WINDOWS]):
            return (first - middle) * _WINDOW_MS
    return (len(windows) - middle) * _WINDOW_MS


def allow_descriptors(count):
    """For this process and those that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= count:
        return
    if hard < count:
        raise NotMeasured(f"a process may open {hard} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
