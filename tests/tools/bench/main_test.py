"""The command line of tools/dev bench."""

import argparse
import contextlib
import io
import json
import os
import signal
import sys
import tempfile
import unittest
import unittest.mock

from tests import junit
from tools.bench import main
from tools.bench.run import Outcome
from tools.bench.statistics import summarize
from tools.bench.suite import Benchmark, Suite

FAST = Benchmark("fast", "", "x/s", True, bar=2)
TOY = Suite(name="toy", benchmarks=[FAST], subjects=["ours", "theirs"], reference="theirs", targets={}, measure=None)
RESULTS = [summarize("fast", "ours", "x/s", True, [3000.0]), summarize("fast", "theirs", "x/s", True, [1000.0])]


class MainTest(unittest.TestCase):
    def refuse(self, *argv):
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors), self.assertRaises(SystemExit) as stop:
            main.arguments(argv)
        self.assertNotEqual(stop.exception.code, 0)
        return errors.getvalue()

    def test_everything_is_measured_in_the_rounds_of_the_suite_by_default(self):
        options = main.arguments(["loop"])
        self.assertEqual((options.rounds, options.only, options.json), (None, "", None))

    def test_an_unknown_layer_is_refused_with_those_that_there_are(self):
        self.assertIn("loop", self.refuse("sloop"))

    def test_no_rounds_are_refused(self):
        self.assertIn("at least 1", self.refuse("loop", "--rounds=0"))

    def test_the_targets_of_a_layer_are_told(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.assertEqual(main.main(["loop", "--targets"]), 0)
        self.assertIn("//tests/benchmarks/loop:rota_subject", out.getvalue().split())

    def test_a_tool_that_could_not_be_built_ends_the_run(self):
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            self.assertEqual(main.main(["rpc", "--bin=bin", "--not-built=//tests/benchmarks/rpc:load"]), 1)
        self.assertIn("//tests/benchmarks/rpc:load could not be built", errors.getvalue())

    def test_an_end_from_outside_is_an_interruption(self):
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
        try:
            main.end_as_by_hand()
            with self.assertRaises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class TellTest(unittest.TestCase):
    def tell(self, outcome):
        out, errors = io.StringIO(), io.StringIO()
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            options = argparse.Namespace(json=os.path.join(folder, "out.json"), plot=os.path.join(folder, "out.png"))
            code = main.tell(TOY, [FAST], outcome, options)
            with open(options.json, encoding="utf-8") as file:
                written = json.load(file)["results"]
        return code, out.getvalue(), written

    def test_a_bar_that_is_met_is_told(self):
        code, out, written = self.tell(Outcome(RESULTS, [], []))
        self.assertEqual((code, len(written)), (0, 2))
        self.assertIn("met     fast: x 3.00 against theirs, the bar is x 2", out)

    def test_a_failed_measurement_is_told_and_fails_the_run_which_has_its_results_all_the_same(self):
        code, out, written = self.tell(Outcome(RESULTS, [("all", "others", "it did not start")], [("slow", "ours", "an answer is wrong")]))
        self.assertEqual((code, len(written)), (1, 2))
        self.assertIn("not measured: all of others: it did not start", out)
        self.assertIn("FAILED: slow of ours: an answer is wrong", out)

    def test_a_subject_that_is_left_out_does_not_fail_the_run(self):
        self.assertEqual(self.tell(Outcome(RESULTS, [("all", "others", "it did not start")], []))[0], 0)

    def test_an_interrupted_run_leaves_the_table_and_the_file(self):
        code, out, written = self.tell(Outcome(RESULTS, [], [], interrupted=True))
        self.assertEqual((code, len(written)), (130, 2))
        self.assertIn("x 3.00", out)

    def test_a_machine_that_cannot_draw_loses_the_plot_only(self):
        with unittest.mock.patch.dict(sys.modules, {"matplotlib": None}):
            code, out, written = self.tell(Outcome(RESULTS, [], []))
        self.assertEqual((code, len(written)), (0, 2))
        self.assertIn("no plot: ", out)

    def test_a_run_that_measured_nothing_fails(self):
        self.assertEqual(self.tell(Outcome([], [("all", "ours", "it did not start")], []))[0], 1)


if __name__ == "__main__":
    junit.main()
