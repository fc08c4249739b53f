"""Unary calls and streams against other gRPC servers. tests/benchmarks/README.md describes each benchmark."""

from tools.bench.rpc_loads import (
    BLOCKING,
    IDLE_CONNECTIONS,
    Load,
    allow_descriptors,
    check,
    run_connect,
    run_half_load,
    run_idle,
    run_long_tail,
    run_recovery,
    run_stream,
    run_unary,
)
from tools.bench.rpc_servers import FOLDER, TARGETS, UNARY_ONLY, command, prepare
from tools.bench.server import Server
from tools.bench.suite import Benchmark, Metric, Suite

# CPU for each call is the figure that decides: calls/s depend on the load generator and the hour.
_TIMES = (Metric("p50", "us", False), Metric("p99", "us", False), Metric("p99.9", "us", False), Metric("rss", "bytes", False))
_SHARES = (Metric("user", "us", False), Metric("system", "us", False))
_MORE = _SHARES + (Metric("rate", "calls/s", True),) + _TIMES
_CPU = (Metric("cpu", "us", False),)
_RIVALS = {"grpc_callback": 5, "tonic": 1.8, "go": 3.5, "node": 12}
_ALL = {"bare": 1 / 1.4, **_RIVALS}
# The servers with calls that block.
_BLOCKED = ("rota", "rota_grpcpp", "bare")
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
    _unary("unary_100", "CPU of a unary call of 16 B, 10 x 10 in flight", _ALL, connections=10, streams=10),
    _unary("unary_1000", "CPU of a unary call of 16 B, 50 x 20 in flight", _ALL, connections=50, streams=20),
    _unary("unary_5000", "CPU of a unary call of 16 B, 10 x 500 in flight", _RIVALS, connections=10, streams=500),
    _unary("unary_1k", "CPU of a unary call of 1 KiB, 10 x 10 in flight", _NOT_WORSE, bytes=1 << 10, connections=10, streams=10),
    _unary("unary_64k", "CPU of a unary call of 64 KiB, 10 x 10 in flight", _NOT_WORSE, bytes=64 << 10, connections=10, streams=10),
    _unary("unary_1m", "CPU of a unary call of 1 MiB, 4 x 1 in flight", _NOT_WORSE,
           more=_SHARES + (Metric("rate", "calls/s", True, bars=_NOT_WORSE),) + _TIMES, bytes=1 << 20, connections=4),
    _stream("stream_server", "messages that the server streams, 4 x 4 streams", "StreamingFromServer"),
    _stream("stream_both", "answers in bidirectional streams, 4 x 4 streams", "StreamingCall"),
    Load(Benchmark("connect", "a fresh connection for each call", "calls/s", True, more=_CPU, bars=_NOT_WORSE, seconds=1), run_connect),
    Load(Benchmark("idle_connection", f"memory of one of {IDLE_CONNECTIONS} idle connections", "bytes", False,
                   more=[Metric("empty", "bytes", False, limit=20 << 20)], bars=_NOT_WORSE, limit=16 << 10, seconds=7), run_idle),
    Load(Benchmark("half_load", "p99 at half of what grpc_callback can do", "us", False,
                   more=[Metric("p50", "us", False), Metric("p99.9", "us", False), Metric("late", "us", False), Metric("rate", "calls/s", True)],
                   bars=_NOT_WORSE, seconds=4), run_half_load),
    Load(Benchmark("long_tail", "p99 beside 1 % of calls that block 5 ms, to p99 without", "ratio", False,
                   more=[Metric("sleepers", "ratio", False), Metric("alone", "us", False), Metric("beside", "us", False),
                         Metric("whole_alone", "us", False), Metric("whole_beside", "us", False), Metric("slow", "us", False),
                         Metric("late", "us", False), Metric("rate", "calls/s", True)],
                   limit=1.2, seconds=29), run_long_tail, flags=BLOCKING, only=_BLOCKED),
    Load(Benchmark("recovery", "until latencies are as before, after a pause of the server", "ms", False,
                   more=[Metric("longest", "ms", False), Metric("rate", "calls/s", True)],
                   bars={"bare": 1 / 2}, seconds=9), run_recovery, flags=BLOCKING, only=_BLOCKED),
]
_LOADS = {load.benchmark.name: load for load in LOADS}


def lacks(benchmark, subject):
    load = _LOADS[benchmark.name]
    if load.only is not None and subject not in load.only:
        return "its server has no calls that block"
    return UNARY_ONLY.get(subject) if load.run is run_stream else None


def measure(benchmark, subject, bin_dir):
    load = _LOADS[benchmark.name]
    start, environment = command(subject, bin_dir)
    if load.run is run_idle:
        allow_descriptors(IDLE_CONNECTIONS + 1000)
    with Server(start + list(load.flags), environment) as server:
        if load.run is not run_idle:
            check(subject, server, bin_dir)
        return load.run(load, subject, server, bin_dir)


SUITE = Suite(
    name="rpc",
    benchmarks=[load.benchmark for load in LOADS],
    subjects=["rota", "rota_grpcpp", "bare", "grpc_callback", "grpc_queue", "tonic", "go", "node"],
    reference="grpc_callback",
    # By `load` every server is driven.
    targets={f"//{FOLDER}:load": [], f"//{FOLDER}:sleepers": [], **TARGETS},
    measure=measure,
    rounds=5,
    prepare=prepare,
    lacks=lacks,
)
