"""The files of monitoring/ are right by themselves; live_test.py asks the real Prometheus."""

import json
import shutil
import subprocess
import unittest

from tests import junit
from tests.monitoring import catalogue

RULES = ["monitoring/rules/recording.yml", "monitoring/rules/alerts.yml"]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class NamesTest(unittest.TestCase):
    def setUp(self):
        self.families = catalogue.families(read("monitoring/METRICS.md"))
        self.names = catalogue.series_names(self.families)

    def check(self, where, query):
        unknown = catalogue.used_names(query) - self.names
        self.assertFalse(unknown, f"{where} asks for {sorted(unknown)}, which METRICS.md does not have")

    def test_every_name_in_the_rules_stands_in_the_catalogue(self):
        for path in RULES:
            for name, query in catalogue.rule_queries(read(path)):
                self.check(name, query)

    def test_every_name_in_the_dashboard_stands_in_the_catalogue(self):
        for title, query in catalogue.dashboard_queries(read("monitoring/dashboards/rota.json")):
            self.check(title, query)

    def test_the_dashboard_shows_every_family(self):
        used = set().union(*(catalogue.used_names(query) for _, query in catalogue.dashboard_queries(read("monitoring/dashboards/rota.json"))))
        for family, kind in self.families.items():
            self.assertTrue(used & catalogue.series_names({family: kind}), f"no panel shows {family}")

    def test_names_keep_to_the_conventions(self):
        for family, kind in self.families.items():
            with self.subTest(family):
                self.assertEqual(family.endswith("_total"), kind == "counter")
                self.assertNotRegex(family, "_(ms|us|ns|millis|micros|kb|mb)(_|$)")
                if kind == "histogram":
                    self.assertRegex(family, "_(seconds|bytes)$")


class DashboardTest(unittest.TestCase):
    def setUp(self):
        self.panels = json.loads(read("monitoring/dashboards/rota.json"))["panels"]

    def test_each_panel_has_a_title_a_unit_and_a_query(self):
        for panel in self.panels:
            self.assertTrue(panel["title"])
            if panel["type"] != "row":
                self.assertTrue(panel["fieldConfig"]["defaults"]["unit"], panel["title"])
                self.assertTrue(panel["targets"], panel["title"])

    def test_ids_are_unique_and_panels_do_not_overlap(self):
        self.assertEqual(len({panel["id"] for panel in self.panels}), len(self.panels))
        taken = set()
        for panel in self.panels:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & taken, f"{panel['title']} lies over another panel")
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            taken |= cells


@unittest.skipUnless(shutil.which("promtool"), "promtool is not installed (Debian package prometheus)")
class PromtoolTest(unittest.TestCase):
    def promtool(self, *arguments):
        done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_configuration_is_valid(self):
        self.promtool("check", "config", "monitoring/prometheus.yml")

    def test_the_rules_are_valid(self):
        self.promtool("check", "rules", *RULES)

    def test_the_rules_do_what_their_tests_say(self):
        self.promtool("test", "rules", "monitoring/rules/rules_test.yml")


if __name__ == "__main__":
    junit.main()
