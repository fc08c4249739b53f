"""Fresh scenarios, run by the Node of this machine and by Rota, have the same traces.

ROTA_NODE names Node's program; without it, or where it is not Node 20, the test is skipped. NODEDIFF_SEED repeats a run.
"""

import json
import os
import random
import subprocess
import unittest

from tests import junit
from tests.conformance.nodediff import golden

SCENARIOS = 24
NODE = os.environ.get("ROTA_NODE", "")


def skip_reason():
    if not NODE:
        # The other reasons are about packages of Node, which this test does not use.
        return os.environ.get("ROTA_NODE_SKIP_REASON") or "ROTA_NODE is not set; tools/dev test sets it"
    version = subprocess.check_output([NODE, "--version"], text=True).strip()
    return "" if version.startswith("v20.") else f"Node is {version}, and the reference is Node 20"


def generate(script, seed):
    code = f"process.stdout.write(JSON.stringify(require('./{golden.FOLDER}{script}').gen({seed})))"
    return json.loads(subprocess.check_output([NODE, "-e", code], text=True))


def rota_trace(scenario, seconds=20):
    """The trace, or None where the scenario does not end in Rota: it may wait for a gate that nobody opens."""
    try:
        [trace] = golden.rota_traces([scenario], timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    return trace


def node_trace(scenario, settle, seconds=20):
    """The trace, or None where the scenario does not end in Node."""
    try:
        done = subprocess.run(
            [NODE, "--no-warnings", golden.FOLDER + "interp.js"],
            input=json.dumps({**scenario, "settle": settle}),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env={**os.environ, "UV_THREADPOOL_SIZE": str(scenario["pool"])},
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout


class LiveTest(unittest.TestCase):
    def setUp(self):
        if reason := skip_reason():
            self.skipTest(reason)
        self.seed = int(os.environ.get("NODEDIFF_SEED") or random.randrange(10**6, 10**9))

    def compare(self, script):
        compared = 0
        for seed in range(self.seed, self.seed + SCENARIOS):
            scenario = generate(script, seed)
            rota = rota_trace(scenario)
            # Node's clock is real and this machine may be busy: what Node prints is its trace when it prints it again.
            for settle in (4, 12, 30):
                node = node_trace(scenario, settle)
                if node is None or node == rota:
                    break
            # Where only Node does not end it is in its livelock, which is a difference that docs/phases.md tells.
            if node is None:
                continue
            self.assertIsNotNone(rota, f"{script} {seed} ends in Node and not in Rota")
            self.assertEqual(golden.difference(f"{script} {seed}", scenario, node, rota), "", f"NODEDIFF_SEED={self.seed}")
            compared += 1
        self.assertGreaterEqual(compared, SCENARIOS // 2)

    def test_a_scenario_whose_gate_nobody_opens_ends_in_neither(self):
        scenario = {"v": 1, "pool": 4, "ops": [{"op": "gate", "id": "g1", "body": []}]}
        self.assertIsNone(rota_trace(scenario, seconds=2))
        self.assertIsNone(node_trace(scenario, settle=4, seconds=2))

    def test_fresh_generated_scenarios_do_not_differ(self):
        self.compare("gen.js")

    def test_fresh_wild_scenarios_do_not_differ(self):
        self.compare("wild.js")


if __name__ == "__main__":
    junit.main()
