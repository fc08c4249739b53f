"""The order in which a suite is measured, what becomes of a subject that is not measured, and what an interrupted run leaves."""

import dataclasses
import subprocess
import unittest

from tests import junit
from tools.bench import run as runner
from tools.bench.suite import Benchmark, Difference, MeasurementFailed, Metric, NotMeasured, SubjectMissing, Suite, missing_subjects, select

FAST = Benchmark("fast", "", "x/s", True, seconds=2)
SMALL = Benchmark("small", "", "bytes", False, seconds=3)


def suite_of(measure, **more):
    targets = {"//a:ours": ["ours"], "//a:theirs": ["theirs"], "//a:load": []}
    return Suite(name="toy", benchmarks=[FAST, SMALL], subjects=["ours", "theirs"], reference="theirs", targets=targets, measure=measure, **more)


def run(suite, benchmarks, rounds, missing=None, **more):
    return runner.Run(suite, benchmarks, rounds, "bin", missing, clock=lambda: 0).go(**more)


class OrderTest(unittest.TestCase):
    def test_subjects_take_turns_and_each_round_begins_with_another(self):
        order = []
        suite = suite_of(lambda benchmark, subject, bin_dir: order.append((benchmark.name, subject)) or 1.0)
        run(suite, [FAST], 2)
        self.assertEqual(order, [("fast", "ours"), ("fast", "theirs"), ("fast", "theirs"), ("fast", "ours")])

    def test_a_subject_may_take_several_turns_in_a_round(self):
        order = []
        suite = suite_of(lambda benchmark, subject, bin_dir: order.append(subject) or 1.0)
        run(suite, [dataclasses.replace(FAST, turns=3)], 1)
        self.assertEqual(order, ["ours", "theirs", "theirs", "ours", "ours", "theirs"])

    def test_a_round_has_all_benchmarks(self):
        order = []
        suite = suite_of(lambda benchmark, subject, bin_dir: order.append(benchmark.name) or 1.0)
        run(suite, suite.benchmarks, 2)
        self.assertEqual(order, ["fast", "fast", "small", "small"] * 2)

    def test_benchmarks_are_selected_by_name(self):
        suite = suite_of(None)
        self.assertEqual([benchmark.name for benchmark in select(suite, ["small"])], ["small"])
        self.assertEqual(len(select(suite, [])), 2)
        with self.assertRaisesRegex(ValueError, "no benchmark 'slow'; there are: fast, small"):
            select(suite, ["slow"])


class ResultsTest(unittest.TestCase):
    def test_every_round_counts(self):
        values = iter([1.0, 10.0, 20.0, 3.0, 2.0, 30.0])
        outcome = run(suite_of(lambda *_: next(values)), [FAST], 3)
        self.assertEqual([(result.subject, result.median, result.rounds) for result in outcome.results], [("ours", 2.0, 3), ("theirs", 20.0, 3)])
        self.assertEqual((outcome.left_out, outcome.failed, outcome.interrupted), ([], [], False))

    def test_the_median_of_its_turns_is_the_number_of_a_round(self):
        # The subjects begin by turns.
        values = iter([1.0, 10.0, 30.0, 9.0, 2.0, 20.0] + [40.0, 4.0, 5.0, 90.0, 60.0, 6.0])
        outcome = run(suite_of(lambda *_: next(values)), [dataclasses.replace(FAST, turns=3)], 2)
        self.assertEqual([(result.subject, result.min, result.max, result.rounds) for result in outcome.results],
                         [("ours", 2.0, 5.0, 2), ("theirs", 20.0, 60.0, 2)])

    def test_a_turn_that_failed_takes_all_numbers_of_its_pair_along(self):
        values = iter([1.0, 2.0, 3.0])

        def measure(benchmark, subject, bin_dir):
            if (value := next(values)) == 3.0:
                raise MeasurementFailed("broke")
            return value

        suite = suite_of(measure)
        outcome = run(dataclasses.replace(suite, subjects=["ours"]), [dataclasses.replace(FAST, turns=3)], 1)
        self.assertEqual((outcome.results, outcome.failed), ([], [("fast", "ours", "broke")]))

    def test_one_measurement_may_give_several_numbers(self):
        several = Benchmark("call", "", "us", False, more=[Metric("rate", "calls/s", True)])
        values = iter([{"call": 1.0, "rate": 9.0}, {"call": 2.0, "rate": 8.0}])
        outcome = run(suite_of(lambda *_: next(values)), [several], 1)
        self.assertEqual([(r.bench, r.subject, r.unit, r.median) for r in outcome.results],
                         [("call", "ours", "us", 1.0), ("call", "theirs", "us", 2.0),
                          ("call.rate", "ours", "calls/s", 9.0), ("call.rate", "theirs", "calls/s", 8.0)])

    def test_a_difference_is_taken_in_each_round_for_itself(self):
        # Round by round 3 more, though the machine was slower in the second.
        values = iter([13.0, 10.0, 100.0, 103.0])
        suite = suite_of(lambda *_: next(values), differences=[Difference("extra", "", "ours", "theirs")])
        costs = [result for result in run(suite, [SMALL], 2).results if result.bench == "small.cost"]
        self.assertEqual([(cost.subject, cost.unit, cost.median, cost.min, cost.max) for cost in costs], [("extra", "bytes", 3.0, 3.0, 3.0)])


class LeftOutTest(unittest.TestCase):
    def test_what_is_not_measured_is_asked_for_once_and_told_with_its_reason(self):
        asked = []

        def measure(benchmark, subject, bin_dir):
            asked.append(subject)
            if subject == "theirs":
                raise NotMeasured("it has no such thing")
            return 1.0

        outcome = run(suite_of(measure), [FAST], 4)
        self.assertEqual(asked.count("theirs"), 1)
        self.assertEqual([result.subject for result in outcome.results], ["ours"])
        self.assertEqual(outcome.left_out, [("fast", "theirs", "it has no such thing")])

    def test_what_is_known_to_lack_is_neither_asked_for_nor_expected_to_take_time(self):
        asked = []
        suite = suite_of(lambda benchmark, subject, bin_dir: asked.append(subject) or 1.0,
                         lacks=lambda benchmark, subject: "it has no such thing" if subject == "theirs" else None)
        self.assertEqual(runner.Run(suite, [FAST], 1, "bin").seconds_left(), 2)
        self.assertEqual(run(suite, [FAST], 1).left_out, [("fast", "theirs", "it has no such thing")])
        self.assertEqual(asked, ["ours"])

    def test_a_subject_that_does_not_start_is_left_out_of_all_and_the_others_go_on(self):
        asked = []

        def measure(benchmark, subject, bin_dir):
            asked.append((benchmark.name, subject))
            if subject == "theirs":
                raise SubjectMissing("it did not start")
            return 1.0

        suite = suite_of(measure)
        outcome = run(suite, suite.benchmarks, 2)
        self.assertEqual([bench for bench, subject in asked if subject == "theirs"], ["fast"])
        self.assertEqual([(result.bench, result.subject, result.rounds) for result in outcome.results], [("fast", "ours", 2), ("small", "ours", 2)])
        self.assertEqual(outcome.left_out, [("all", "theirs", "it did not start")])
        self.assertEqual(outcome.failed, [])

    def test_what_was_not_built_is_not_even_started(self):
        asked = []
        suite = suite_of(lambda benchmark, subject, bin_dir: asked.append(subject) or 1.0)
        outcome = run(suite, [FAST], 1, missing=missing_subjects(suite, ["//a:theirs"]))
        self.assertEqual(asked, ["ours"])
        self.assertEqual(outcome.left_out, [("all", "theirs", "//a:theirs could not be built")])

    def test_nothing_runs_without_a_tool_that_all_need(self):
        with self.assertRaisesRegex(ValueError, "//a:load could not be built"):
            missing_subjects(suite_of(None), ["//a:load"])

    def test_the_suite_says_itself_what_it_could_not_build(self):
        suite = suite_of(lambda *_: 1.0, prepare=lambda note: {"theirs": "there is no compiler"})
        self.assertEqual(run(suite, [FAST], 1).left_out, [("all", "theirs", "there is no compiler")])

    def test_a_measurement_that_failed_takes_the_numbers_of_its_pair_along_and_no_others(self):
        asked = []

        def measure(benchmark, subject, bin_dir):
            asked.append((benchmark.name, subject))
            if asked.count(("fast", "theirs")) == 2 and asked[-1] == ("fast", "theirs"):
                raise MeasurementFailed("theirs did 1 of 2 operations")
            return 1.0

        suite = suite_of(measure)
        outcome = run(suite, suite.benchmarks, 3)
        self.assertEqual(outcome.failed, [("fast", "theirs", "theirs did 1 of 2 operations")])
        self.assertEqual([(result.bench, result.subject, result.rounds) for result in outcome.results],
                         [("fast", "ours", 3), ("small", "ours", 3), ("small", "theirs", 3)])
        self.assertEqual(asked.count(("fast", "theirs")), 2)

    def test_a_measurement_that_hangs_is_a_failed_one(self):
        def measure(benchmark, subject, bin_dir):
            raise subprocess.TimeoutExpired("load", 180)

        self.assertEqual(run(suite_of(measure), [FAST], 1).failed,
                         [("fast", "ours", "it did not end within 180 s"), ("fast", "theirs", "it did not end within 180 s")])


class ProgressTest(unittest.TestCase):
    def test_an_interrupted_run_tells_what_it_has(self):
        calls = []

        def measure(benchmark, subject, bin_dir):
            calls.append(subject)
            if len(calls) == 6:
                raise KeyboardInterrupt
            return float(len(calls))

        suite = suite_of(measure)
        outcome = run(suite, suite.benchmarks, 2)
        self.assertTrue(outcome.interrupted)
        self.assertEqual([(result.bench, result.subject, result.rounds) for result in outcome.results],
                         [("fast", "ours", 1), ("fast", "theirs", 2), ("small", "ours", 1), ("small", "theirs", 1)])

    def test_results_are_told_as_they_come(self):
        told = []
        suite = suite_of(lambda *_: 1.0)
        run(suite, suite.benchmarks, 2, on_progress=lambda outcome: told.append([(r.bench, r.rounds) for r in outcome.results if r.subject == "ours"]))
        self.assertEqual(told, [[("fast", 1)], [("fast", 1), ("small", 1)], [("fast", 2), ("small", 1)], [("fast", 2), ("small", 2)]])

    def test_the_time_that_is_left_is_first_expected_and_then_measured(self):
        now = [0.0]

        def measure(benchmark, subject, bin_dir):
            now[0] += 10.0
            return 1.0

        suite = suite_of(measure)
        measured = runner.Run(suite, suite.benchmarks, 2, "bin", clock=lambda: now[0])
        self.assertEqual(measured.seconds_left(), 2 * 2 * 2 + 2 * 2 * 3)
        left, notes = [], []
        measured.go(notes.append, lambda outcome: left.append(measured.seconds_left()))
        # After the first benchmark: its second round as it was measured, the other one as it is expected.
        self.assertEqual(left, [2 * 10 + 2 * 2 * 3, 2 * 10 + 2 * 10, 2 * 10, 0])
        self.assertEqual(notes[0], "8 measurements, about 20 seconds")
        self.assertEqual(notes[1], "round 1 of 2: fast done, about 32 seconds left")

    def test_what_is_left_out_takes_no_time(self):
        suite = suite_of(None)
        self.assertEqual(runner.Run(suite, [FAST], 2, "bin", {"theirs": "x"}).seconds_left(), 4)

    def test_long_times_are_told_in_minutes(self):
        self.assertEqual(runner.minutes(89), "89 seconds")
        self.assertEqual(runner.minutes(1500), "25 minutes")


if __name__ == "__main__":
    junit.main()
