"""Unary calls and streams against other gRPC servers. tests/benchmarks/README.md describes each benchmark."""

import dataclasses
import json
import os
import resource
import shutil
import subprocess
import typing

from tools.bench import h2load
from tools.bench.server import LOAD_CORE, Server
from tools.bench.suite import Benchmark, MeasurementFailed, Metric, NotMeasured, Suite

_FOLDER = "tests/benchmarks/rpc"
_CACHE = os.path.abspath(".cache/bench")
_NODE_MODULES = os.path.abspath("tests/integration/node/node_modules")
PROTO_FOLDER = "/usr/share/grpc-proto"
_UNARY = "/grpc.testing.BenchmarkService/UnaryCall"
# How long one measurement drives a server, and the calls that the first look at its speed takes.
_SECONDS, _LOOK = 2.0, 2000
# A run of the load that hangs must not hang ours.
_LIMIT = 180
_IDLE_CONNECTIONS = 10_000

# ---- The servers.

_BAZEL = {
    "rota": ["rota_server", "--listen=127.0.0.1:0"],
    "rota_grpcpp": ["rota_server", "--listen=127.0.0.1:0", "--transport=grpcpp"],
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
        _require("node", "Node is not installed")
        if not os.path.isdir(_NODE_MODULES):
            raise NotMeasured("@grpc/grpc-js is not there; tools/dev setup fetches it")
        return ["node", f"{_FOLDER}/node/server.js", "127.0.0.1:0", PROTO_FOLDER], {"NODE_PATH": _NODE_MODULES}
    tool, program = {"go": ("go", "go_server"), "tonic": ("cargo", "tonic/release/tonic_server")}[subject]
    _require(tool, f"{tool} is not installed")
    if not os.path.exists(f"{_CACHE}/{program}"):
        raise NotMeasured(f"{tool} could not build it")
    return [f"{_CACHE}/{program}", "127.0.0.1:0"], {}


def _require(tool, reason):
    if shutil.which(tool) is None:
        raise NotMeasured(reason)


def prepare(note):
    """Builds the servers in Go and Rust, where their tools are there; a failed build is told, and its server not measured."""
    os.makedirs(_CACHE, exist_ok=True)
    builds = {
        "go": ["go", "build", "-o", f"{_CACHE}/go_server", "."],
        "tonic": ["cargo", "build", "--release", "--quiet", "--target-dir", f"{_CACHE}/tonic"],
    }
    for name, build in builds.items():
        if shutil.which(build[0]) is None:
            continue
        note(f"building the {name} server")
        done = subprocess.run(build, cwd=f"{_FOLDER}/{name}", env={**os.environ, "PROTO_FOLDER": PROTO_FOLDER}, check=False)
        if done.returncode != 0:
            note(f"the {name} server could not be built")


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
    # None: all.
    only: typing.Optional[typing.Sequence[str]] = None


def _load_tool(bin_dir, *words, **options):
    """Runs the load program of our own."""
    tool = ["taskset", "-c", LOAD_CORE, os.path.join(bin_dir, _FOLDER, "load")] + [str(word) for word in words]
    done = subprocess.run(tool, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=_LIMIT, **options)
    if done.returncode != 0:
        raise MeasurementFailed(f"{' '.join(tool[3:])}: {done.stderr[-400:]}")
    return json.loads(done.stdout) if done.stdout else None


def _check(subject, server, bin_dir):
    _load_tool(bin_dir, "check", server.address, "--method=" + ("unary" if subject in _UNARY_ONLY else "all"))


def _costs(before, after, count):
    """Microseconds of CPU for each of `count` calls or messages."""
    user, system = ((end - start) * 1e6 / count for start, end in zip(before, after))
    return {"user": user, "system": system, "both": user + system}


def run_unary(load, subject, server, bin_dir):
    body, shape = request(load.bytes), (load.connections, load.streams)
    least = load.connections * load.streams * 10
    look = h2load.run(server.address, _UNARY, body, max(least, 300 if load.bytes > 10_000 else _LOOK), *shape)
    calls = max(least, int(look.calls_per_second * _SECONDS))
    before = server.cpu_seconds()
    done = h2load.run(server.address, _UNARY, body, calls, *shape)
    cost = _costs(before, server.cpu_seconds(), calls)
    timed = h2load.run(server.address, _UNARY, body, max(least, calls // 4), *shape, times=True)
    numbers = {load.benchmark.name: cost["both"], "user": cost["user"], "system": cost["system"], "rate": done.calls_per_second}
    for name, part in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)):
        numbers[name] = h2load.percentile(timed.times, part)
    return {**numbers, "rss": server.resident_bytes()}


def run_stream(load, subject, server, bin_dir):
    before = server.cpu_seconds()
    done = _load_tool(bin_dir, "stream", server.address, f"--method={load.method}", f"--connections={load.connections}",
                      f"--streams={load.streams}", f"--bytes={load.bytes}", f"--seconds={int(_SECONDS)}")
    cost = _costs(before, server.cpu_seconds(), done["messages"])
    return {load.benchmark.name: done["messages_per_second"], "cpu": cost["both"]}


def run_connect(load, subject, server, bin_dir):
    before, calls = server.cpu_seconds(), 2000
    done = _load_tool(bin_dir, "connect", server.address, f"--calls={calls}")
    return {load.benchmark.name: done["calls_per_second"], "cpu": _costs(before, server.cpu_seconds(), calls)["both"]}


def run_idle(load, subject, server, bin_dir):
    empty = server.resident_bytes()
    tool = ["taskset", "-c", LOAD_CORE, os.path.join(bin_dir, _FOLDER, "load"), "idle", server.address, f"--connections={_IDLE_CONNECTIONS}"]
    with subprocess.Popen(tool, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        ready = client.stdout.readline()
        held = server.resident_bytes()
        client.stdin.close()
    if ready != "ready\n":
        raise MeasurementFailed(f"{subject} did not take {_IDLE_CONNECTIONS} connections")
    return {load.benchmark.name: (held - empty) / _IDLE_CONNECTIONS, "empty": empty}


# The calls in a second that a subject reached in this run, by which the rates of others are set.
_reached = {}


def _reach(subject, server):
    if subject not in _reached:
        look = h2load.run(server.address, _UNARY, request(16), _LOOK, 10, 10)
        _reached[subject] = h2load.run(server.address, _UNARY, request(16), int(look.calls_per_second * _SECONDS), 10, 10).calls_per_second
    return _reached[subject]


def _rate(bin_dir, server, rate, slow_percent=0):
    return _load_tool(bin_dir, "rate", server.address, f"--rate={rate:.0f}", "--connections=10", f"--slow-percent={slow_percent}",
                      f"--seconds={int(_SECONDS * 2)}")["fast"]


def run_half_load(load, subject, server, bin_dir):
    """Every subject gets half of what gRPC C++ with callbacks can do."""
    if "grpc_callback" not in _reached:
        with Server(*command("grpc_callback", bin_dir)) as rival:
            _reach("grpc_callback", rival)
    times = _rate(bin_dir, server, _reached["grpc_callback"] / 2)
    return {load.benchmark.name: times["p99_us"], "p50": times["p50_us"], "p99.9": times["p999_us"]}


def run_long_tail(load, subject, server, bin_dir):
    rate = _reach(subject, server) / 2
    alone, beside = _rate(bin_dir, server, rate), _rate(bin_dir, server, rate, slow_percent=1)
    return {load.benchmark.name: beside["p99_us"] / alone["p99_us"], "alone": alone["p99_us"], "beside": beside["p99_us"]}


# ---- The benchmarks.

# CPU for each call is the figure that decides: calls/s depend on the load generator and the hour.
_MORE = (Metric("user", "us", False), Metric("system", "us", False), Metric("rate", "calls/s", True), Metric("p50", "us", False),
         Metric("p99", "us", False), Metric("p99.9", "us", False), Metric("rss", "bytes", False))
_CPU = (Metric("cpu", "us", False),)
_RIVALS = {"bare": 1 / 1.4, "grpc_callback": 5, "tonic": 1.8, "go": 3.5, "node": 12}


def _unary(name, about, bars, **shape):
    return Load(Benchmark(name, about, "us", False, more=_MORE, bars=bars), run_unary, **shape)


LOADS = [
    _unary("unary_1", "CPU of a unary call of 16 B, 1 in flight", {"grpc_callback": 1}),
    _unary("unary_100", "CPU of a unary call of 16 B, 10 x 10 in flight", _RIVALS, connections=10, streams=10),
    _unary("unary_1000", "CPU of a unary call of 16 B, 50 x 20 in flight", _RIVALS, connections=50, streams=20),
    _unary("unary_1k", "CPU of a unary call of 1 KiB, 10 x 10 in flight", {"grpc_callback": 1}, bytes=1 << 10, connections=10, streams=10),
    _unary("unary_64k", "CPU of a unary call of 64 KiB, 10 x 10 in flight", {"grpc_callback": 1}, bytes=64 << 10, connections=10, streams=10),
    _unary("unary_1m", "CPU of a unary call of 1 MiB, 4 x 1 in flight", {"grpc_callback": 1}, bytes=1 << 20, connections=4),
    Load(Benchmark("stream_server", "messages that the server streams, 4 x 4 streams", "messages/s", True, more=_CPU, bars={"grpc_callback": 4}),
         run_stream, connections=4, streams=4, method="StreamingFromServer"),
    Load(Benchmark("stream_both", "answers in bidirectional streams, 4 x 4 streams", "messages/s", True, more=_CPU, bars={"grpc_callback": 4}),
         run_stream, connections=4, streams=4, method="StreamingCall"),
    Load(Benchmark("connect", "a fresh connection for each call", "calls/s", True, more=_CPU, bars={"grpc_callback": 1}), run_connect),
    Load(Benchmark("idle_connection", f"memory of one of {_IDLE_CONNECTIONS} idle connections", "bytes", False,
                   more=[Metric("empty", "bytes", False)], bars={"grpc_callback": 1}), run_idle),
    Load(Benchmark("half_load", "p99 at half of what grpc_callback can do", "us", False,
                   more=[Metric("p50", "us", False), Metric("p99.9", "us", False)], bars={"grpc_callback": 1}), run_half_load),
    Load(Benchmark("long_tail", "p99 beside 1 % of calls that block 5 ms, to p99 without", "ratio", False,
                   more=[Metric("alone", "us", False), Metric("beside", "us", False)]), run_long_tail, only=("rota", "rota_grpcpp")),
]
_LOADS = {load.benchmark.name: load for load in LOADS}


def measure(benchmark, subject, bin_dir):
    load = _LOADS[benchmark.name]
    if load.only is not None and subject not in load.only:
        raise NotMeasured("its server has no calls that block")
    if load.run is run_stream and subject in _UNARY_ONLY:
        raise NotMeasured(_UNARY_ONLY[subject])
    start, environment = command(subject, bin_dir)
    if load.run is run_idle:
        _allow_descriptors(_IDLE_CONNECTIONS + 1000)
    with Server(start, environment) as server:
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
    targets=[f"//{_FOLDER}:{name}" for name in ("rota_server", "bare_server", "grpc_callback_server", "grpc_queue_server", "load")],
    measure=measure,
    rounds=5,
    prepare=prepare,
)
