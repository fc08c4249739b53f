"""The suite of the event loop: its names, bars and units."""

import unittest

from tests import junit
from tools.bench.suite import NotMeasured
from tools.bench.suites import loop


def benchmark(name):
    return next(found for found in loop.SUITE.benchmarks if found.name == name)


class LoopSuiteTest(unittest.TestCase):
    def test_every_benchmark_has_a_size(self):
        self.assertEqual([found.name for found in loop.SUITE.benchmarks], list(loop._COUNTS))

    def test_rates_are_operations_in_a_second(self):
        self.assertEqual(loop.value(benchmark("ticks"), 1000, 0.5), 2000)

    def test_an_idle_iteration_is_told_in_nanoseconds(self):
        self.assertAlmostEqual(loop.value(benchmark("idle_iteration"), 1000, 0.001), 1000)

    def test_memory_is_told_for_one_timer(self):
        self.assertEqual(loop.value(benchmark("timer_bytes"), 100, 15200.0), 152)

    def test_libuv_is_measured_in_all(self):
        self.assertNotIn("libuv", {subject for _, subject in loop._MISSING})

    def test_what_a_subject_lacks_is_told_with_the_reason(self):
        with self.assertRaisesRegex(NotMeasured, "no queue"):
            loop.measure(benchmark("ticks"), "asio", "bin")

    def test_targets_name_subjects_of_the_suite(self):
        for target, subjects in loop.SUITE.targets.items():
            self.assertLessEqual(set(subjects), set(loop.SUITE.subjects), target)


if __name__ == "__main__":
    junit.main()
