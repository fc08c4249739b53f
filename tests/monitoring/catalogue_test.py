"""What the other tests of monitoring/ rely on finds what is there."""

import unittest

from tests import junit
from tests.monitoring import catalogue


class CatalogueTest(unittest.TestCase):
    def test_a_family_that_stands_twice_is_an_error(self):
        row = "| `rota_loop_refs` | gauge | | refs | Refs. |\n"
        self.assertEqual(catalogue.families(row), {"rota_loop_refs": "gauge"})
        with self.assertRaisesRegex(ValueError, "rota_loop_refs twice"):
            catalogue.families(row + row)

    def test_a_histogram_is_three_names_and_not_its_own(self):
        self.assertEqual(catalogue.series_names({"a": "histogram", "b": "gauge"}), {"a_bucket", "a_sum", "a_count", "b"})

    def test_names_are_found_but_not_labels_strings_or_recorded_names(self):
        query = 'sum by (job) (rate(rota_a_total{code!="rota_b"}[5m])) / instance:rota_c:ratio > process_open_fds'
        self.assertEqual(catalogue.used_names(query), {"rota_a_total", "process_open_fds"})

    def test_queries_of_rules_are_found_on_one_line_and_as_blocks(self):
        rules = "groups:\n  - name: g\n    rules:\n      - record: a:b\n        expr: x + 1\n      - alert: C\n        expr: |\n          y\n            /\n          z > 2\n        for: 1m\n"
        self.assertEqual(catalogue.rule_queries(rules), [("a:b", "x + 1"), ("C", "y / z > 2")])

    def test_an_alert_without_its_threshold_has_a_value_while_all_is_well(self):
        self.assertEqual(catalogue.without_threshold("increase(a[5m]) > 0"), "increase(a[5m])")
        self.assertEqual(catalogue.without_threshold('up{job="rota"} == 0'), 'up{job="rota"}')
        self.assertEqual(catalogue.without_threshold("a / b > 0.8"), "a / b")


if __name__ == "__main__":
    junit.main()
