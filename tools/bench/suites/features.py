"""What each feature of a unary call costs, by leaving it out. tests/benchmarks/README.md says how to read it."""

import json
import os
import subprocess

from tools.bench import h2load, rpc_loads
from tools.bench.rpc_servers import FOLDER
from tools.bench.server import LOAD_CORE, Server
from tools.bench.suite import Benchmark, Difference, MeasurementFailed, Suite

# The calls that the first look at the speed of a server takes, and how long it is driven: short, and in many rounds, so that what is
# compared is measured within the same seconds.
_LOOK, _SECONDS = 2000, 0.7
_SHAPE = (10, 10)
_DRIVEN_CALLS = 400_000
_LIMIT = 120

_TRACING = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

BENCHMARKS = [
    Benchmark("features_wire", "CPU of a unary call of 16 B over HTTP/2, 10 x 10 in flight", "ns", False, seconds=1.4),
    Benchmark("features_seam", "CPU of a unary call of 16 B above the transport, without one", "ns", False, seconds=0.4),
]

# Subjects that are the product with less said by the client, and those that are no stack of feature_stack.h.
_SAYS_LESS = {"no_deadline": rpc_loads.DEADLINE, "no_tracing": _TRACING}
_SERVERS = {
    "app": ["rota_server", "--listen=127.0.0.1:0", "--admin=127.0.0.1:0"],
    "bare": ["bare_server", "127.0.0.1:0"],
}


def stack(subject):
    """The stack of feature_stack.h that a subject is made of."""
    return "all" if subject in _SAYS_LESS else subject


def headers(subject):
    """What the client says to a subject, all in all."""
    return [header for header in (rpc_loads.DEADLINE, _TRACING) if header != _SAYS_LESS.get(subject)]


def driver_words(subject):
    said = headers(subject)
    return [word for word, header in (("deadline", rpc_loads.DEADLINE), ("tracing", _TRACING)) if header in said]


def command(subject, bin_dir):
    program, *flags = _SERVERS.get(subject, ["features_server", stack(subject), "127.0.0.1:0"])
    return [os.path.join(bin_dir, FOLDER, program)] + flags


def lacks(benchmark, subject):
    return "it is a server with a transport" if benchmark.name == "features_seam" and subject in _SERVERS else None


def measure(benchmark, subject, bin_dir):
    return _over_the_wire(subject, bin_dir) if benchmark.name == "features_wire" else _above_the_seam(subject, bin_dir)


def _over_the_wire(subject, bin_dir):
    with Server(command(subject, bin_dir)) as server:
        check = [os.path.join(bin_dir, FOLDER, "load"), "check", server.address, "--method=unary"]
        checked = subprocess.run(check, stderr=subprocess.PIPE, text=True, timeout=_LIMIT, check=False)
        if checked.returncode != 0:
            raise MeasurementFailed(checked.stderr[-400:])

        def drive(calls):
            return h2load.run(server.address, rpc_loads.UNARY, rpc_loads.request(16), calls, *_SHAPE, headers=headers(subject)).calls_per_second

        calls = rpc_loads.calls_of_a_measurement(drive, _LOOK, seconds=_SECONDS)
        before = server.cpu()
        drive(calls)
        return (server.cpu().total - before.total) * 1e9 / calls


def _above_the_seam(subject, bin_dir):
    driver = ["taskset", "-c", LOAD_CORE, os.path.join(bin_dir, FOLDER, "features_driver"), stack(subject), str(_DRIVEN_CALLS)]
    done = subprocess.run(driver + driver_words(subject), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=_LIMIT, check=False)
    if done.returncode != 0:
        raise MeasurementFailed(done.stderr[-400:])
    answer = json.loads(done.stdout)
    if answer["operations"] != _DRIVEN_CALLS:
        raise MeasurementFailed(f"{answer['operations']} of {_DRIVEN_CALLS} calls were made")
    return answer["amount"] * 1e9 / _DRIVEN_CALLS


DIFFERENCES = [
    Difference("deadline", "grpc-timeout read, a timer armed and cleared", "all", "no_deadline"),
    Difference("tracing", "traceparent read and parsed, instead of a new trace", "all", "no_tracing"),
    Difference("context", "with all that it carries, the timer of the deadline too", "copy", "no_context"),
    Difference("mailbox", "the turn of the actor", "copy", "no_mailbox"),
    Difference("metrics", "two readings of the clock, counters, a histogram", "copy", "no_metrics", limits={"features_seam": 0.02}),
    Difference("protobuf", "decode, the coroutine of the handler, encode", "copy", "no_protobuf"),
    Difference("layer", "all of the above with the routing", "all", "transport"),
    Difference("transport", "headers, statuses, limits, flow control beyond nghttp2", "transport", "bare"),
    Difference("app", "what a whole process has beside: health, admin, workers", "app", "all"),
    Difference("copy", "to be near 0, or the copy is out of date", "copy", "all"),
]

SUITE = Suite(
    name="features",
    benchmarks=BENCHMARKS,
    subjects=["all", "no_deadline", "no_tracing", "copy", "no_context", "no_mailbox", "no_metrics", "no_protobuf", "transport", "bare", "app"],
    reference="all",
    targets={
        f"//{FOLDER}:load": [],
        f"//{FOLDER}:features_server": [],
        f"//{FOLDER}:features_driver": [],
        f"//{FOLDER}:rota_server": ["app"],
        f"//{FOLDER}:bare_server": ["bare"],
    },
    measure=measure,
    lacks=lacks,
    rounds=20,
    differences=DIFFERENCES,
    whole="features_wire",
)
