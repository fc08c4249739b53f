"""Unary calls and streams against other gRPC servers. tests/benchmarks/README.md describes each benchmark."""

import dataclasses
import json
import math
import os
import resource
import shutil
import subprocess
import time
import typing

from tools.bench import h2load
from tools.bench.server import LOAD_CORE, Server
from tools.bench.suite import Benchmark, MeasurementFailed, Metric, NotMeasured, Suite

_FOLDER = "tests/benchmarks/rpc"
_CACHE = os.path.abspath(".cache/bench")
_NODE_MODULES = os.path.abspath("tests/integration/node/node_modules")
PROTO_FOLDER = "/usr/share/grpc-proto"
UNARY = "/grpc.testing.BenchmarkService/UnaryCall"
# How long one measurement drives a server, how long it is driven before, and the calls that the first look at its speed takes.
_SECONDS, _WARM_UP_SECONDS, _LOOK = 1.5, 0.3, 2000
# For percentiles it takes more calls, in whole seconds.
_RATE_SECONDS, _ATTEMPTS = 3, 3
# A run of the load that hangs must not hang ours.
_LIMIT = 180
_IDLE_CONNECTIONS = 10_000
# Servers that give memory back do so a while after the work.
_REST_SECONDS = 2.5

# ---- The servers.

_ROTA = ["rota_server", "--listen=127.0.0.1:0", "--admin=127.0.0.1:0"]
_BAZEL = {
    "rota": _ROTA,
    "rota_grpcpp": _ROTA + ["--transport=grpcpp"],
    "bare": ["bare_server", "127.0.0.1:0"],
    "grpc_callback": ["grpc_callback_server", "127.0.0.1:0"],
    "grpc_queue": ["grpc_queue_server", "127.0.0.1:0"],
}
# They answer unary calls only.
_UNARY_ONLY = {
    "bare": "the bare responder knows unary calls only",
    "grpc_queue": "the completion queue server has unary calls only",
}


def command(subject, bin_dir):
    """What starts a subject, and the environment it needs."""
    if subject in _BAZEL:
        program, *flags = _BAZEL[subject]
        return [os.path.join(bin_dir, _FOLDER, program)] + flags, {}
    if subject == "node":
        return ["node", f"{_FOLDER}/node/server.js", "127.0.0.1:0", PROTO_FOLDER], {"NODE_PATH": _NODE_MODULES}
    return [f"{_CACHE}/{_BUILDS[subject].program}", "127.0.0.1:0"], {}


@dataclasses.dataclass(frozen=True)
class Build:
    tool: str
    arguments: typing.Sequence[str]
    program: str


_BUILDS = {
    "go": Build("go", ["build", "-o", f"{_CACHE}/go_server", "."], "go_server"),
    "tonic": Build("cargo", ["build", "--release", "--quiet", "--target-dir", f"{_CACHE}/tonic"], "tonic/release/tonic_server"),
}


def prepare(note):
    """Builds the servers in Go and Rust, where their tools are there. Returns why which of them, or that of Node, is missing."""
    os.makedirs(_CACHE, exist_ok=True)
    missing = {}
    for subject, build in _BUILDS.items():
        if shutil.which(build.tool) is None:
            missing[subject] = f"{build.tool} is not installed"
            continue
        note(f"building the {subject} server")
        environment = {**os.environ, "PROTO_FOLDER": PROTO_FOLDER}
        done = subprocess.run([build.tool] + build.arguments, cwd=f"{_FOLDER}/{subject}", env=environment, check=False)
        if done.returncode != 0:
            missing[subject] = f"{build.tool} could not build it"
    if shutil.which("node") is None:
        missing["node"] = "Node is not installed"
    elif not os.path.isdir(_NODE_MODULES):
        missing["node"] = "@grpc/grpc-js is not there; tools/dev setup fetches it"
    return missing


# ---- The loads.


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
    tool = ["taskset", "-c", LOAD_CORE, os.path.join(bin_dir, _FOLDER, "load")] + [str(word) for word in words]
    done = subprocess.run(tool, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=_LIMIT, **options)
    if done.returncode != 0:
        raise MeasurementFailed(f"load {' '.join(tool[4:])}: {done.stderr[-400:].strip()}")
    return json.loads(done.stdout) if done.stdout else None


def _check(subject, server, bin_dir):
    _load_tool(bin_dir, "check", server.address, "--method=" + ("unary" if subject in _UNARY_ONLY else "all"))


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
    tool = ["taskset", "-c", LOAD_CORE, os.path.join(bin_dir, _FOLDER, "load"), "idle", server.address, f"--connections={_IDLE_CONNECTIONS}"]
    with subprocess.Popen(tool, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as client:
        ready = client.stdout.readline()
        time.sleep(_REST_SECONDS)
        held = server.resident_bytes()
        client.stdin.close()
        said = client.stderr.read()
    if ready != "ready\n":
        raise MeasurementFailed(f"{subject} did not take {_IDLE_CONNECTIONS} connections: {said[-400:]}")
    return {load.benchmark.name: (held - empty) / _IDLE_CONNECTIONS, "empty": empty}


# The calls in a second that a subject reached in this run, by which the rates of others are set.
_reached = {}


def _reach(subject, server):
    if subject not in _reached:
        def drive(calls):
            return h2load.run(server.address, UNARY, request(16), calls, 10, 10).calls_per_second

        _reached[subject] = drive(calls_of_a_measurement(drive, _LOOK))
    return _reached[subject]


def _at_rate(bin_dir, server, rate, slow_percent=0):
    # Where the load is held up for a tenth of a second, all that was due meanwhile comes at once and a server may refuse it. That
    # says nothing about the rate; a server that cannot keep it will not the next time either.
    for _ in range(_ATTEMPTS):
        done = _load_tool(bin_dir, "rate", server.address, f"--rate={rate:.0f}", "--connections=10", f"--slow-percent={slow_percent}",
                          f"--seconds={_RATE_SECONDS}")
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
    rate = _reach(subject, server) / 2
    alone, beside = _at_rate(bin_dir, server, rate), _at_rate(bin_dir, server, rate, slow_percent=1)
    return {load.benchmark.name: beside["fast"]["p99_us"] / alone["fast"]["p99_us"], "alone": alone["fast"]["p99_us"],
            "beside": beside["fast"]["p99_us"], "slow": beside["slow"]["p50_us"], "late": beside["late"]["p99_us"], "rate": rate}


# ---- The benchmarks.

# CPU for each call is the figure that decides: calls/s depend on the load generator and the hour.
_TIMES = (Metric("p50", "us", False), Metric("p99", "us", False), Metric("p99.9", "us", False), Metric("rss", "bytes", False))
_SHARES = (Metric("user", "us", False), Metric("system", "us", False))
_MORE = _SHARES + (Metric("rate", "calls/s", True),) + _TIMES
_CPU = (Metric("cpu", "us", False),)
_RIVALS = {"bare": 1 / 1.4, "grpc_callback": 5, "tonic": 1.8, "go": 3.5, "node": 12}
_NOT_WORSE = {"grpc_callback": 1}


def _unary(name, about, bars, more=_MORE, **shape):
    return Load(Benchmark(name, about, "us", False, more=more, bars=bars, seconds=2.4), run_unary, **shape)


def _stream(name, about, method):
    # Where `load` is near 1, the load is what limits, and the server could do more.
    more = _CPU + (Metric("load", "of a core", False),)
    benchmark = Benchmark(name, about, "messages/s", True, more=more, bars={"grpc_callback": 4}, seconds=2.5)
    return Load(benchmark, run_stream, connections=4, streams=4, method=method)


LOADS = [
    _unary("unary_1", "CPU of a unary call of 16 B, 1 in flight", _NOT_WORSE),
    _unary("unary_100", "CPU of a unary call of 16 B, 10 x 10 in flight", _RIVALS, connections=10, streams=10),
    _unary("unary_1000", "CPU of a unary call of 16 B, 50 x 20 in flight", _RIVALS, connections=50, streams=20),
    _unary("unary_1k", "CPU of a unary call of 1 KiB, 10 x 10 in flight", _NOT_WORSE, bytes=1 << 10, connections=10, streams=10),
    _unary("unary_64k", "CPU of a unary call of 64 KiB, 10 x 10 in flight", _NOT_WORSE, bytes=64 << 10, connections=10, streams=10),
    _unary("unary_1m", "CPU of a unary call of 1 MiB, 4 x 1 in flight", _NOT_WORSE,
           more=_SHARES + (Metric("rate", "calls/s", True, bars=_NOT_WORSE),) + _TIMES, bytes=1 << 20, connections=4),
    _stream("stream_server", "messages that the server streams, 4 x 4 streams", "StreamingFromServer"),
    _stream("stream_both", "answers in bidirectional streams, 4 x 4 streams", "StreamingCall"),
    Load(Benchmark("connect", "a fresh connection for each call", "calls/s", True, more=_CPU, bars=_NOT_WORSE, seconds=1), run_connect),
    Load(Benchmark("idle_connection", f"memory of one of {_IDLE_CONNECTIONS} idle connections", "bytes", False,
                   more=[Metric("empty", "bytes", False, limit=20 << 20)], bars=_NOT_WORSE, limit=16 << 10, seconds=7), run_idle),
    Load(Benchmark("half_load", "p99 at half of what grpc_callback can do", "us", False,
                   more=[Metric("p50", "us", False), Metric("p99.9", "us", False), Metric("late", "us", False), Metric("rate", "calls/s", True)],
                   bars=_NOT_WORSE, seconds=4), run_half_load),
    # The calls that block need about three workers on the average; with too few of them the queue of jobs is what is measured.
    Load(Benchmark("long_tail", "p99 beside 1 % of calls that block 5 ms, to p99 without", "ratio", False,
                   more=[Metric("alone", "us", False), Metric("beside", "us", False), Metric("slow", "us", False), Metric("late", "us", False),
                         Metric("rate", "calls/s", True)],
                   limit=1.2, seconds=8), run_long_tail, flags=("--workers=16",), only=("rota", "rota_grpcpp")),
]
_LOADS = {load.benchmark.name: load for load in LOADS}


def lacks(benchmark, subject):
    load = _LOADS[benchmark.name]
    if load.only is not None and subject not in load.only:
        return "its server has no calls that block"
    return _UNARY_ONLY.get(subject) if load.run is run_stream else None


def measure(benchmark, subject, bin_dir):
    load = _LOADS[benchmark.name]
    start, environment = command(subject, bin_dir)
    if load.run is run_idle:
        _allow_descriptors(_IDLE_CONNECTIONS + 1000)
    with Server(start + list(load.flags), environment) as server:
        if load.run is not run_idle:
            _check(subject, server, bin_dir)
        return load.run(load, subject, server, bin_dir)


def _allow_descriptors(count):
    """For this process and those that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= count:
        return
    if hard < count:
        raise NotMeasured(f"a process may open {hard} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


SUITE = Suite(
    name="rpc",
    benchmarks=[load.benchmark for load in LOADS],
    subjects=["rota", "rota_grpcpp", "bare", "grpc_callback", "grpc_queue", "tonic", "go", "node"],
    reference="grpc_callback",
    targets={
        f"//{_FOLDER}:load": [],
        f"//{_FOLDER}:rota_server": ["rota", "rota_grpcpp"],
        f"//{_FOLDER}:bare_server": ["bare"],
        f"//{_FOLDER}:grpc_callback_server": ["grpc_callback"],
        f"//{_FOLDER}:grpc_queue_server": ["grpc_queue"],
    },
    measure=measure,
    rounds=5,
    prepare=prepare,
    lacks=lacks,
)
