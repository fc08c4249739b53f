"""The table, the bars and the file of results."""

import json
import os
import tempfile
import unittest

from tests import junit
from tools.bench import report
from tools.bench.statistics import summarize
from tools.bench.suite import Benchmark, Suite

FAST = Benchmark("fast", "", "x/s", True, bar=2)
SMALL = Benchmark("small", "", "bytes", False)
SUITE = Suite(name="toy", benchmarks=[FAST, SMALL], subjects=["ours", "theirs"], reference="theirs", targets=[], measure=None)
RESULTS = [
    summarize("fast", "ours", "x/s", True, [3000.0, 2000.0, 1000.0]),
    summarize("fast", "theirs", "x/s", True, [1000.0]),
    summarize("small", "ours", "bytes", False, [128.0]),
    summarize("small", "theirs", "bytes", False, [160.0]),
]


class ReportTest(unittest.TestCase):
    def test_the_table_tells_medians_spread_and_ratios(self):
        lines = report.table(SUITE, RESULTS)
        self.assertEqual(lines[1].split(), ["fast", "ours", "2", "k", "x/s", "1", "k", "..", "3", "k", "100%", "x", "2.00"])
        self.assertTrue(lines[3].endswith("x 1.25"), lines[3])

    def test_without_the_reference_there_is_no_ratio(self):
        lines = report.table(SUITE, RESULTS[:1])
        self.assertTrue(lines[1].rstrip().endswith("100%"), lines[1])
        self.assertEqual(report.bars(SUITE, [FAST], RESULTS[:1]), [])

    def test_a_bar_is_reached_or_missed(self):
        slow = [summarize("fast", "ours", "x/s", True, [1990.0])] + RESULTS[1:]
        self.assertEqual([(b.name, other, ratio, bar) for b, other, ratio, bar in report.bars(SUITE, [FAST, SMALL], slow)],
                         [("fast", "theirs", 1.99, 2), ("small", "theirs", 1.25, 1.0)])

    def test_a_benchmark_may_have_bars_to_several_subjects(self):
        wide = Benchmark("fast", "", "x/s", True, bars={"theirs": 1.5, "others": 4})
        results = RESULTS + [summarize("fast", "others", "x/s", True, [400.0])]
        self.assertEqual([(other, ratio, bar) for _, other, ratio, bar in report.bars(SUITE, [wide], results)],
                         [("theirs", 2.0, 1.5), ("others", 5.0, 4)])

    def test_whiskers_reach_from_the_worst_to_the_best_round_whichever_way_is_better(self):
        low = summarize("small", "ours", "bytes", False, [100.0, 200.0])
        self.assertEqual(report.whisker(low, RESULTS[3]), (0.8, 1.6))
        self.assertEqual(report.whisker(RESULTS[0], RESULTS[1]), (1.0, 3.0))

    def test_the_file_holds_all_results(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "out.json")
            report.write_json(path, RESULTS)
            with open(path, encoding="utf-8") as file:
                written = json.load(file)
        self.assertEqual(written, {"results": [result.as_json() for result in RESULTS]})


if __name__ == "__main__":
    junit.main()
