"""What tools/dev bench says about many rounds."""

import unittest

from tests import junit
from tools.bench import statistics


class StatisticsTest(unittest.TestCase):
    def test_the_median_of_an_odd_number_is_the_middle_one(self):
        result = statistics.summarize("ticks", "rota", "ticks/s", True, [5.0, 1.0, 3.0])
        self.assertEqual((result.median, result.min, result.max, result.rounds), (3.0, 1.0, 5.0, 3))

    def test_the_median_of_an_even_number_is_the_mean_of_the_two_in_the_middle(self):
        self.assertEqual(statistics.summarize("ticks", "rota", "ticks/s", True, [4.0, 1.0, 2.0, 100.0]).median, 3.0)

    def test_a_higher_rate_is_better(self):
        ours = statistics.summarize("ticks", "rota", "ticks/s", True, [30.0])
        theirs = statistics.summarize("ticks", "libuv", "ticks/s", True, [10.0])
        self.assertEqual(statistics.times_better(ours, theirs), 3.0)

    def test_fewer_bytes_are_better(self):
        ours = statistics.summarize("timer_bytes", "rota", "bytes", False, [100.0])
        theirs = statistics.summarize("timer_bytes", "libuv", "bytes", False, [150.0])
        self.assertEqual(statistics.times_better(ours, theirs), 1.5)

    def test_the_spread_is_told_relative_to_the_median(self):
        self.assertEqual(statistics.relative_spread(statistics.summarize("a", "b", "c", True, [8.0, 10.0, 13.0])), 0.5)

    def test_the_form_of_the_json_is_the_one_that_is_promised(self):
        result = statistics.summarize("ticks", "rota", "ticks/s", True, [1.0, 2.0])
        self.assertEqual(
            result.as_json(),
            {
                "bench": "ticks",
                "subject": "rota",
                "unit": "ticks/s",
                "higher_is_better": True,
                "median": 1.5,
                "min": 1.0,
                "max": 2.0,
                "rounds": 2,
            },
        )


if __name__ == "__main__":
    junit.main()
