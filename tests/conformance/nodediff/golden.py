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
