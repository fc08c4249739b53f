"""The servers that the rpc benchmarks measure: how each is built and started. The same service in all of them."""

import dataclasses
import os
import shutil
import subprocess
import typing

FOLDER = "tests/benchmarks/rpc"
PROTO_FOLDER = "/usr/share/grpc-proto"
_CACHE = os.path.abspath(".cache/bench")
_NODE_MODULES = os.path.abspath("tests/integration/node/node_modules")

_ROTA = ["rota_server", "--listen=127.0.0.1:0", "--admin=127.0.0.1:0"]
_BAZEL = {
    "rota": _ROTA,
    "rota_grpcpp": _ROTA + ["--transport=grpcpp"],
    "bare": ["bare_server", "127.0.0.1:0"],
    "grpc_callback": ["grpc_callback_server", "127.0.0.1:0"],
    "grpc_queue": ["grpc_queue_server", "127.0.0.1:0"],
}
TARGETS = {
    f"//{FOLDER}:rota_server": ["rota", "rota_grpcpp"],
    f"//{FOLDER}:bare_server": ["bare"],
    f"//{FOLDER}:grpc_callback_server": ["grpc_callback"],
    f"//{FOLDER}:grpc_queue_server": ["grpc_queue"],
}
# They answer unary calls only.
UNARY_ONLY = {
    "bare": "the bare responder knows unary calls only",
    "grpc_queue": "the completion queue server has unary calls only",
}


def command(subject, bin_dir):
    """What starts a subject, and the environment it needs."""
    if subject in _BAZEL:
        program, *flags = _BAZEL[subject]
        return [os.path.join(bin_dir, FOLDER, program)] + flags, {}
    if subject == "node":
        return ["node", f"{FOLDER}/node/server.js", "127.0.0.1:0", PROTO_FOLDER], {"NODE_PATH": _NODE_MODULES}
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
        done = subprocess.run([build.tool] + build.arguments, cwd=f"{FOLDER}/{subject}", env=environment, check=False)
        if done.returncode != 0:
            missing[subject] = f"{build.tool} could not build it"
    if shutil.which("node") is None:
        missing["node"] = "Node is not installed"
    elif not os.path.isdir(_NODE_MODULES):
        missing["node"] = "@grpc/grpc-js is not there; tools/dev setup fetches it"
    return missing
