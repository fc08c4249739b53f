"""The real Prometheus watches the real files service: every query of the dashboard and of the rules answers with data."""

import math
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from tests import junit
from tests.monitoring import catalogue, live

FILES = "services/files/files"
CLIENT = "services/files/client"
DASHBOARD = "monitoring/dashboards/rota.json"
RULES = ["monitoring/rules/recording.yml", "monitoring/rules/alerts.yml"]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def has_data(values):
    return any(not math.isnan(value) for value in values)


class LiveTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        root = os.path.join(cls.folder, "root")
        os.mkdir(root)
        cls.files, cls.grpc, cls.admin = live.service(FILES, f"--root={root}")
        cls.addClassCleanup(cls.files.stop)

    @classmethod
    def call(cls, *arguments):
        """Runs the client; returns its exit code, and what it complained of."""
        done = subprocess.run([CLIENT, f"--server={cls.grpc}", *arguments], capture_output=True, text=True, timeout=live.LIMIT)
        return done.returncode, done.stderr

    def make_traffic(self):
        for arguments in (["put", "monitoring/METRICS.md", "a.md"], ["list"], ["stat", "a.md"], ["get", "a.md", os.path.join(self.folder, "back")], ["remove", "a.md"]):
            code, complaint = self.call(*arguments)
            self.assertEqual(code, 0, f"{arguments}: {complaint}\nThe service: {self.files.log()}")
        self.assertNotEqual(self.call("stat", "missing")[0], 0)

    def test_metrics_serves_exactly_the_families_of_the_catalogue(self):
        self.make_traffic()
        self.assertEqual(catalogue.served_families(live.http_get(self.admin, "/metrics")), catalogue.families(read("monitoring/METRICS.md")))

    def test_labels_have_the_values_that_the_catalogue_lists(self):
        text = live.http_get(self.admin, "/metrics")
        for phase in ("timers", "pending", "poll", "check", "close"):
            self.assertIn(f'rota_loop_phase_duration_seconds_count{{phase="{phase}"}}', text)
        for kind in ("timer", "immediate", "handle", "closing", "job", "io"):
            self.assertIn(f'rota_loop_refs{{kind="{kind}"}}', text)
        self.assertIn('rota_rpc_server_calls_total{service="files.v1.Files",method="Stat",code="NOT_FOUND"}', text)
        self.assertIn('rota_transport_calls_started_total{transport="native"}', text)

    @unittest.skipUnless(shutil.which("prometheus"), "prometheus is not installed (Debian package prometheus)")
    def test_every_query_of_the_dashboard_and_of_the_rules_answers_with_data(self):
        os.mkdir(os.path.join(self.folder, "rules"))
        for path in RULES:
            shutil.copy(path, os.path.join(self.folder, "rules"))
        prometheus = live.Prometheus(self.folder, read("monitoring/prometheus.yml"), self.admin)
        self.addCleanup(prometheus.program.stop)

        # Query -> who asks it.
        waiting = {self.fill_in(query): f"panel '{title}'" for title, query in catalogue.dashboard_queries(read(DASHBOARD))}
        for path in RULES:
            for name, query in catalogue.rule_queries(read(path)):
                waiting[catalogue.without_threshold(query)] = f"rule {name}"
                if ":" in name:
                    waiting[name] = "a recorded series"
        self.assertGreater(len(waiting), 50)

        def ask():
            self.make_traffic()
            for query in list(waiting):
                if has_data(prometheus.query(query)):
                    del waiting[query]
            return not waiting

        try:
            live.wait_for("data", ask)
        except TimeoutError:
            self.fail("no data for:\n" + "\n".join(f"{who}: {query}" for query, who in waiting.items()))
        for rule in prometheus.rules():
            self.assertEqual(rule["health"], "ok", rule)
            self.assertNotEqual(rule.get("state"), "firing", rule)

    @staticmethod
    def fill_in(query):
        """What Grafana does."""
        query = query.replace("$__rate_interval", "10s").replace("$instance", ".*")
        if re.search(r"\$\w", query):
            raise ValueError(f"a variable that this test does not know in {query}")
        return query


if __name__ == "__main__":
    junit.main()
