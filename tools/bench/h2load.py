"""Load by h2load (Debian's nghttp2-client), on the core that the server does not have."""

import dataclasses
import math
import os
import re
import subprocess
import tempfile

from tools.bench.server import LOAD_CORE
from tools.bench.suite import MeasurementFailed

_SECONDS = 120


@dataclasses.dataclass(frozen=True)
class Done:
    calls: int
    calls_per_second: float
    # In microseconds, sorted; empty when they were not asked for.
    times: list


def run(address, path, request, calls, connections, streams, times=False, headers=()):
    """Makes `calls` calls with the framed `request`, connections x streams at once, each of which must be answered by as many bytes.
    `headers` ("name: value") go with each."""
    with tempfile.TemporaryDirectory() as folder:
        body, log = os.path.join(folder, "body"), os.path.join(folder, "log")
        with open(body, "wb") as file:
            file.write(request)
        command = ["taskset", "-c", LOAD_CORE, "h2load", f"--requests={calls}", f"--clients={connections}", f"--max-concurrent-streams={streams}"]
        # Windows like those of a gRPC client: 2^20 for a stream, 2^24 for a connection.
        command += ["--window-bits=20", "--connection-window-bits=24", f"--data={body}", "--header=te: trailers", "--header=content-type: application/grpc"]
        command += [f"--header={header}" for header in headers] + ([f"--log-file={log}"] if times else [])
        done = subprocess.run(command + [f"http://{address}{path}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=_SECONDS)
        taken = []
        if times:
            with open(log, encoding="utf-8") as file:
                taken = sorted(int(line.split("\t")[2]) for line in file)
    return Done(calls, parse_rate(done.stdout, calls, len(request)), taken)


def parse_rate(output, calls, answer_bytes):
    """Calls in a second; every one must have succeeded, with an answer of so many bytes. h2load knows HTTP only: to it a call that gRPC
    refuses, with a status in trailers and no message, is a success."""
    rate = re.search(r"^finished in .*, ([\d.]+) req/s", output, re.MULTILINE)
    counts = re.search(r"^requests: \d+ total, .* (\d+) succeeded, (\d+) failed, (\d+) errored", output, re.MULTILINE)
    if not rate or not counts or [int(count) for count in counts.groups()] != [calls, 0, 0]:
        raise MeasurementFailed(f"not all of {calls} calls succeeded: {output[-400:]}")
    data = re.search(r"^traffic: .*\((\d+)\) data", output, re.MULTILINE)
    if not data or int(data.group(1)) != calls * answer_bytes:
        raise MeasurementFailed(f"not all of {calls} calls were answered by {answer_bytes} bytes: {output[-400:]}")
    return float(rate.group(1))


def percentile(times, part):
    """The nearest rank: the smallest time that `part` of all do not exceed."""
    return float(times[max(0, math.ceil(part * len(times)) - 1)])
