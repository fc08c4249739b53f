"""Rota's traces of all golden scenarios are those of Node 20, byte for byte."""

import os
import subprocess
import tempfile
import unittest

from tests import junit
from tests.conformance.nodediff import golden

# A scenario whose longest chain of real waits is short, for the real clock.
REAL_CLOCK = ["phase-order-from-main", "poll-check-close-timers", "interval-rearm-and-self-clear", "same-duration-list-lumping", "gate-fifo-batch", "als-everything"]


class GoldenTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.records = golden.load(golden.FOLDER + "golden.jsonl.xz")

    def compare(self, records, traces):
        self.assertEqual(len(traces), len(records))
        found = [golden.difference(r["name"], r["scenario"], r["trace"], trace) for r, trace in zip(records, traces)]
        found = [text for text in found if text]
        self.assertEqual(len(found), 0, f"{len(found)} of {len(records)} traces differ; the first:\n" + "\n\n".join(found[:3]))

    def test_there_are_2000_generated_scenarios_and_26_named_ones(self):
        generated = [r for r in self.records if r["name"].startswith("seed ")]
        wild = [r for r in self.records if r["name"].startswith("wild ")]
        self.assertGreaterEqual(len(generated), 2000)
        self.assertEqual(len(self.records) - len(generated) - len(wild), 26)

    def test_no_trace_differs_under_the_manual_clock(self):
        self.compare(self.records, golden.rota_traces([r["scenario"] for r in self.records]))

    def test_both_ways_give_the_same_traces_where_they_do_not_differ_on_purpose(self):
        # Without its exceptions and exits a wild one may never end.
        records = [r for r in self.records if not r["name"].startswith("wild ") or not golden.has_what_differs(r["scenario"]["ops"])]
        scenarios = [{**r["scenario"], "ops": golden.without_what_differs(r["scenario"]["ops"])} for r in records]
        ways = [golden.rota_traces(scenarios, f"--way={way}") for way in ("node", "rota")]
        self.assertGreater(sum(trace.count("\n") for trace in ways[0]), 10 * len(scenarios))
        self.compare([{"name": r["name"], "scenario": s, "trace": trace} for r, s, trace in zip(records, scenarios, ways[0])], ways[1])

    def test_named_scenarios_do_not_differ_under_the_real_clock(self):
        records = [r for r in self.records if r["name"] in REAL_CLOCK]
        self.assertEqual(len(records), len(REAL_CLOCK))
        self.compare(records, golden.rota_traces([r["scenario"] for r in records], "--clock=real"))

    def test_a_changed_trace_is_told(self):
        self.assertIn("<--", golden.difference("name", {}, "a\nb\n", "b\na\n"))

    def test_one_file_gives_the_bare_trace_and_more_are_told_apart(self):
        with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as folder:
            path = os.path.join(folder, "s.json")
            with open(path, "w", encoding="utf-8") as file:
                file.write('{"ops": [\n{"op": "log", "id": "l1"}]}')
            one = "main start [-]\nlog l1 [-]\nmain end [-]\nexit 0 [-]\n"
            self.assertEqual(subprocess.check_output([golden.RUNNER, path], text=True), one)
            self.assertEqual(subprocess.check_output([golden.RUNNER, path, path], text=True), (one + "---\n") * 2)

    def test_a_missing_file_is_named(self):
        done = subprocess.run([golden.RUNNER, "no/such.json"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no/such.json", done.stderr)


if __name__ == "__main__":
    junit.main()
