"""Scenarios with the traces that Node printed for them, and the runner that prints Rota's."""

import json
import lzma
import subprocess

RUNNER = "tests/conformance/nodediff/scenario_runner"
FOLDER = "tests/conformance/nodediff/"


def load(path):
    """[{"name", "scenario", "trace"}] of a .jsonl.xz file."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def save(path, records):
    with lzma.open(path, "wt", encoding="utf-8", preset=9 | lzma.PRESET_EXTREME) as file:
        for record in records:
            file.write(json.dumps(record, separators=(",", ":")) + "\n")


def rota_traces(scenarios, *flags, timeout=600):
    """One trace for each scenario, from one call of the runner."""
    text = "".join(json.dumps(scenario) + "\n" for scenario in scenarios)
    done = subprocess.run([RUNNER, "--jsonl", *flags, "-"], input=text, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode != 0:
        raise AssertionError(f"the runner ended with {done.returncode}: {done.stderr}")
    traces = done.stdout.split("---\n")
    assert traces.pop() == "", "text after the last trace"
    return traces


# What the two ways differ in on purpose, as docs/phases.md tells: the order after exceptions, and enterWith.
_ON_PURPOSE = {"throw", "reject", "exit", "enter"}
# The third is a timers phase that goes on when ticks and microtasks at its end arm timers.
_DRAINED = {"tick", "micro", "promise"}
_GOES_ON = {"block", "timeout", "interval", "refresh"}


def _differs(op, drained):
    return op["op"] in _ON_PURPOSE or (drained and op["op"] in _GOES_ON)


def without_what_differs(ops, drained=False):
    """The same operations in what both ways run alike: delays are whole milliseconds."""
    kept = []
    for op in ops:
        if _differs(op, drained):
            continue
        op = dict(op)
        if "ms" in op:
            op["ms"] = max(1, int(op["ms"]))
        if isinstance(op.get("body"), list):
            # A body that runs at once, such as that of `als`, is drained where it lies.
            op["body"] = without_what_differs(op["body"], op["op"] in _DRAINED or (drained and op["op"] in ("als", "restore")))
        kept.append(op)
    return kept


def has_what_differs(ops):
    return any(op["op"] in _ON_PURPOSE or has_what_differs(op.get("body") or []) for op in ops)


def difference(name, scenario, node, rota):
    """What to print when two traces are not the same, or ""."""
    if node == rota:
        return ""
    lines = [f"{name}: {json.dumps(scenario)}", f"{'Node':40} Rota"]
    left, right = node.splitlines(), rota.splitlines()
    for i in range(max(len(left), len(right))):
        a, b = (left[i] if i < len(left) else ""), (right[i] if i < len(right) else "")
        lines.append(f"{a:40} {b}" + ("" if a == b else "   <--"))
    return "\n".join(lines)
