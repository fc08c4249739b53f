"""The order in which a suite is measured, and what becomes of a subject that has nothing to measure."""

import unittest

from tests import junit
from tools.bench import run as runner
from tools.bench.suite import Benchmark, MeasurementFailed, Metric, NotMeasured, Suite, select


def suite_of(measure):
    return Suite(
        name="toy",
        benchmarks=[Benchmark("fast", "", "x/s", True), Benchmark("small", "", "bytes", False)],
        subjects=["ours", "theirs"],
        reference="theirs",
        targets=[],
        measure=measure,
    )


class RunTest(unittest.TestCase):
    def test_subjects_take_turns_and_each_round_begins_with_another(self):
        order = []
        suite = suite_of(lambda benchmark, subject, bin_dir: order.append((benchmark.name, subject)) or 1.0)
        runner.run(suite, suite.benchmarks[:1], 2, "bin")
        self.assertEqual(order, [("fast", "ours"), ("fast", "theirs"), ("fast", "theirs"), ("fast", "ours")])

    def test_every_round_counts(self):
        values = iter([1.0, 10.0, 20.0, 3.0, 2.0, 30.0])
        suite = suite_of(lambda *_: next(values))
        results, skipped = runner.run(suite, suite.benchmarks[:1], 3, "bin")
        self.assertEqual([(result.subject, result.median, result.rounds) for result in results], [("ours", 2.0, 3), ("theirs", 20.0, 3)])
        self.assertEqual(skipped, [])

    def test_one_measurement_may_give_several_numbers(self):
        several = Benchmark("call", "", "us", False, more=[Metric("rate", "calls/s", True)])
        values = iter([{"call": 1.0, "rate": 9.0}, {"call": 2.0, "rate": 8.0}])
        results, _ = runner.run(suite_of(lambda *_: next(values)), [several], 1, "bin")
        self.assertEqual([(r.bench, r.subject, r.unit, r.median) for r in results],
                         [("call", "ours", "us", 1.0), ("call", "theirs", "us", 2.0),
                          ("call.rate", "ours", "calls/s", 9.0), ("call.rate", "theirs", "calls/s", 8.0)])

    def test_what_is_not_measured_is_asked_for_once_and_told_with_its_reason(self):
        asked = []

        def measure(benchmark, subject, bin_dir):
            asked.append(subject)
            if subject == "theirs":
                raise NotMeasured("it has no such thing")
            return 1.0

        suite = suite_of(measure)
        results, skipped = runner.run(suite, suite.benchmarks[:1], 4, "bin")
        self.assertEqual(asked.count("theirs"), 1)
        self.assertEqual([result.subject for result in results], ["ours"])
        self.assertEqual(skipped, [("fast", "theirs", "it has no such thing")])

    def test_a_measurement_that_failed_ends_the_run(self):
        def measure(benchmark, subject, bin_dir):
            raise MeasurementFailed("ours did 1 of 2 operations")

        suite = suite_of(measure)
        with self.assertRaisesRegex(MeasurementFailed, "1 of 2"):
            runner.run(suite, suite.benchmarks, 1, "bin")

    def test_benchmarks_are_selected_by_name(self):
        suite = suite_of(None)
        self.assertEqual([benchmark.name for benchmark in select(suite, ["small"])], ["small"])
        self.assertEqual(len(select(suite, [])), 2)
        with self.assertRaisesRegex(ValueError, "no benchmark 'slow'; there are: fast, small"):
            select(suite, ["slow"])


if __name__ == "__main__":
    junit.main()
