"""The table, the bars and the file of results."""

import json
import os
import tempfile
import unittest

from tests import junit
from tools.bench import report
from tools.bench.statistics import summarize
from tools.bench.suite import Benchmark, Difference, Metric, Suite

FAST = Benchmark("fast", "", "x/s", True, bar=2)
SMALL = Benchmark("small", "", "bytes", False)
SUITE = Suite(name="toy", benchmarks=[FAST, SMALL], subjects=["ours", "theirs"], reference="theirs", targets={}, measure=None)
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
        self.assertEqual(report.verdicts(SUITE, [FAST], RESULTS[:1]), [])

    def test_a_suite_of_ratios_is_told_without_further_ones(self):
        suite = Suite(name="toy", benchmarks=[FAST], subjects=["ours"], reference="", targets={}, measure=None)
        lines = report.table(suite, RESULTS[:1])
        self.assertTrue(lines[0].endswith("spread"), lines[0])
        self.assertTrue(lines[1].endswith("100%"), lines[1])

    def test_a_bar_is_met_or_missed(self):
        slow = [summarize("fast", "ours", "x/s", True, [1990.0])] + RESULTS[1:]
        self.assertEqual([(told.bench, told.met, told.text) for told in report.verdicts(SUITE, [FAST, SMALL], slow)],
                         [("fast", False, "x 1.99 against theirs, the bar is x 2"), ("small", True, "x 1.25 against theirs, the bar is x 1")])

    def test_a_benchmark_may_have_bars_to_several_subjects(self):
        wide = Benchmark("fast", "", "x/s", True, bars={"theirs": 1.5, "others": 4})
        results = RESULTS + [summarize("fast", "others", "x/s", True, [600.0])]
        self.assertEqual([(told.met, told.text) for told in report.verdicts(SUITE, [wide], results)],
                         [(True, "x 2.00 against theirs, the bar is x 1.5"), (False, "x 3.33 against others, the bar is x 4")])

    def test_a_further_number_may_have_a_bar(self):
        call = Benchmark("call", "", "us", False, bars={"theirs": 1}, more=[Metric("rate", "calls/s", True, bars={"theirs": 2})])
        results = [summarize("call.rate", "ours", "calls/s", True, [30.0]), summarize("call.rate", "theirs", "calls/s", True, [20.0])]
        self.assertEqual([(told.bench, told.met) for told in report.verdicts(SUITE, [call], results)], [("call.rate", False)])

    def test_a_limit_holds_for_our_own_subject_alone(self):
        limited = Benchmark("small", "", "bytes", False, bars={"others": 1}, limit=127)
        self.assertEqual([(told.met, told.text) for told in report.verdicts(SUITE, [limited], RESULTS)],
                         [(False, "128 bytes, the bar is at most 127")])

    def test_a_difference_is_told_as_a_part_of_the_whole_and_has_its_bar(self):
        suite = Suite(name="toy", benchmarks=[SMALL], subjects=["ours", "theirs"], reference="theirs", targets={}, measure=None, whole="small",
                      differences=[Difference("extra", "what it is", "theirs", "ours", limits={"small": 0.15})])
        results = RESULTS[2:] + [summarize("small.cost", "extra", "bytes", False, [30.0, 32.0, 36.0])]
        self.assertEqual(report.costs(suite, [SMALL], results)[2].split(),
                         ["extra", "theirs", "160", "ours", "128", "32", "30", "..", "36", "20.0%", "what", "it", "is"])
        self.assertEqual([(told.bench, told.met, told.text) for told in report.verdicts(suite, [SMALL], results)][1:],
                         [("small extra", False, "20.0% of small theirs, the bar is at most 15%")])
        self.assertNotIn("small.cost", " ".join(report.table(suite, results)))

    def test_a_difference_without_the_whole_is_told_without_its_part(self):
        suite = Suite(name="toy", benchmarks=[SMALL], subjects=["ours", "theirs"], reference="theirs", targets={}, measure=None, whole="fast",
                      differences=[Difference("extra", "", "theirs", "ours", limits={"small": 0.15})])
        results = RESULTS[2:] + [summarize("small.cost", "extra", "bytes", False, [32.0])]
        self.assertEqual(report.costs(suite, [SMALL], results)[2].split()[-1], "?")
        self.assertEqual([told.bench for told in report.verdicts(suite, [SMALL], results)], ["small"])

    def test_whiskers_reach_from_the_worst_to_the_best_round_whichever_way_is_better(self):
        low = summarize("small", "ours", "bytes", False, [100.0, 200.0])
        self.assertEqual(report.whisker(low, RESULTS[3]), (0.8, 1.6))
        self.assertEqual(report.whisker(RESULTS[0], RESULTS[1]), (1.0, 3.0))

    def test_the_file_holds_all_results(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "out.json")
            report.write_json(path, RESULTS[:1])
            report.write_json(path, RESULTS)
            self.assertEqual(os.listdir(folder), ["out.json"])
            with open(path, encoding="utf-8") as file:
                written = json.load(file)
        self.assertEqual(written, {"results": [result.as_json() for result in RESULTS]})


if __name__ == "__main__":
    junit.main()
