"""The suite of what measuring costs: what it makes of the pairs that its program prints."""

import json
import unittest
import unittest.mock

from tests import junit
from tools.bench.run import Run
from tools.bench.suite import MeasurementFailed
from tools.bench.suites import observe

_BENCHMARKS = {benchmark.name: benchmark for benchmark in observe.BENCHMARKS}


def measured(name, pairs, operations=1000, status=0):
    """What the suite makes of what the program says."""
    said = json.dumps({"operations": operations, "pairs": pairs})
    done = unittest.mock.Mock(returncode=status, stdout=said)
    with unittest.mock.patch("subprocess.run", return_value=done):
        return observe.measure(_BENCHMARKS[name], "rota", "bin")


class ObserveSuiteTest(unittest.TestCase):
    def test_the_ratio_is_the_median_of_those_of_the_pairs(self):
        # The machine was slow for a while, and a pair was disturbed.
        pairs = [[1.01, 1.0]] * 200 + [[4.04, 4.0]] * 119 + [[90.0, 1.0]]
        told = measured("immediates", pairs)
        self.assertAlmostEqual(told["immediates"], 1.01)
        self.assertAlmostEqual(told["low"], 1.01)
        self.assertAlmostEqual(told["high"], 1.01)
        self.assertAlmostEqual(told["with"], 1.01e6)
        self.assertAlmostEqual(told["without"], 1e6)

    def test_the_interval_grows_with_what_the_pairs_differ_and_holds_their_median(self):
        low, high = observe.interval([1 + i / 1000 for i in range(100)])
        self.assertAlmostEqual(low, 1.040)
        self.assertAlmostEqual(high, 1.060)
        self.assertEqual(observe.interval([3.0]), (3.0, 3.0))

    def test_a_program_that_fails_or_compares_less_has_no_numbers(self):
        with self.assertRaises(MeasurementFailed):
            measured("immediates", [[1.0, 1.0]] * 320, status=1)
        with self.assertRaises(MeasurementFailed):
            measured("immediates", [[1.0, 1.0]] * 319)

    def test_the_bar_is_two_percent(self):
        limits = {benchmark.name: benchmark.limit for benchmark in observe.SUITE.benchmarks}
        self.assertIsNone(limits.pop("refs"))
        self.assertEqual(set(limits.values()), {1.02})

    def test_each_benchmark_tells_all_that_it_names(self):
        with unittest.mock.patch.object(observe, "_PAIRS", dict.fromkeys(_BENCHMARKS, 2)):
            done = unittest.mock.Mock(returncode=0, stdout='{"operations": 1, "pairs": [[1, 2], [1, 2]]}')
            with unittest.mock.patch("subprocess.run", return_value=done):
                outcome = Run(observe.SUITE, observe.SUITE.benchmarks, 1, "bin").go()
        self.assertEqual(outcome.failed, [])
        self.assertEqual(len(outcome.results), 5 * len(_BENCHMARKS))


if __name__ == "__main__":
    junit.main()
