"""The suite of what measuring costs: its subjects are one program with and without a word."""

import unittest
import unittest.mock

from tests import junit
from tools.bench.suites import loop, observe


def measured(benchmark, subject):
    """The command line of a measurement."""
    done = unittest.mock.Mock(returncode=0, stdout='{"operations": %d, "amount": 0.5}' % counts(benchmark))
    with unittest.mock.patch("subprocess.run", return_value=done) as run:
        observe.measure(benchmark, subject, "bin")
    return run.call_args.args[0]


def counts(benchmark):
    return {**loop._COUNTS, **observe._COUNTS}[benchmark.name]


class ObserveSuiteTest(unittest.TestCase):
    def test_the_reference_is_the_same_program_told_not_to_measure(self):
        for benchmark in observe.SUITE.benchmarks:
            # The echo needs a client, and is told the same words.
            if benchmark.name.startswith("echo"):
                continue
            with self.subTest(benchmark.name):
                self.assertEqual(measured(benchmark, "unmeasured"), measured(benchmark, "rota") + ["unmeasured"])

    def test_the_bar_is_two_percent(self):
        bars = {benchmark.name: benchmark.bar for benchmark in observe.SUITE.benchmarks}
        self.assertIsNone(bars.pop("refs"))
        self.assertEqual(set(bars.values()), {0.98})


if __name__ == "__main__":
    junit.main()
