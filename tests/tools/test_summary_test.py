"""What tools/dev test says in the end is true, whatever Bazel lived through."""

import io
import json
import unittest

from tests import junit
from tools import test_summary

ALL_KINDS = """<testsuites><testsuite name="LoopTest">
<testcase name="Passes" status="run" result="completed" classname="LoopTest"/>
<testcase name="Fails" status="run" result="completed" classname="LoopTest">
  <failure message="loop_test.cc:7&#x0A;Expected equality"/><failure message="second"/></testcase>
<testcase name="Skips" status="run" result="skipped" classname="LoopTest">
  <skipped message="tests/loop_test.cc:9&#x0A;Node is not installed"/></testcase>
<testcase name="DISABLED_Off" status="notrun" result="suppressed" classname="LoopTest"/>
</testsuite></testsuites>"""
ONE_PASSES = '<testsuite><testcase name="Passes" classname="A"/></testsuite>'
# What Bazel writes for a test that left no report of its own.
CRASHED = '<testsuite><testcase name="a/b"><error message="exited with error code 139"/></testcase></testsuite>'


def configured(label):
    return {"id": {"targetConfigured": {"label": label}}, "configured": {"testSize": "SMALL"}}


def completed(label, success=True):
    return {"id": {"targetCompleted": {"label": label}}, "completed": {"success": success}}


def result(label, status, report=None, attempt=1):
    outputs = [{"name": "test.xml", "uri": report}] if report else []
    which = {"label": label, "run": 1, "shard": 1, "attempt": attempt}
    return {"id": {"testResult": which}, "testResult": {"status": status, "testActionOutput": outputs}}


def finished(name="SUCCESS"):
    return {"id": {"buildFinished": {}}, "finished": {"exitCode": {"name": name}}}


def summarize(*events, run="plain", tail=""):
    summary = test_summary.Summary()
    lines = [json.dumps(event) for event in events] + [tail]
    test_summary.summarize(run, lines, summary, read=lambda uri: uri.encode())
    out = io.StringIO()
    summary.print(out)
    return out.getvalue().splitlines()


class TestSummaryTest(unittest.TestCase):
    def test_counts_cases_and_tells_each_skip_and_failure_with_its_reason(self):
        lines = summarize(configured("//a"), completed("//a"), result("//a", "FAILED", ALL_KINDS), finished("TESTS_FAILED"))
        self.assertEqual(
            lines,
            [
                "skipped  //a LoopTest.Skips: Node is not installed",
                "skipped  //a LoopTest.DISABLED_Off: disabled in the source",
                "FAILED   //a LoopTest.Fails: loop_test.cc:7",
                "1 passed, 1 failed, 2 skipped",
            ],
        )

    def test_a_crash_counts_once(self):
        lines = summarize(completed("//a"), result("//a", "FAILED", CRASHED), finished("TESTS_FAILED"))
        self.assertEqual(lines, ["FAILED   //a a/b: exited with error code 139", "0 passed, 1 failed, 0 skipped"])

    def test_a_timeout_without_a_report_counts_as_failed(self):
        lines = summarize(completed("//a"), result("//a", "TIMEOUT"), finished("TESTS_FAILED"))
        self.assertEqual(lines[-1], "0 passed, 1 failed, 0 skipped")
        self.assertIn("timeout", lines[0])

    def test_a_sanitizer_report_after_the_last_case_counts_as_failed(self):
        lines = summarize(completed("//a"), result("//a", "FAILED", ONE_PASSES), finished("TESTS_FAILED"), run="tsan")
        self.assertEqual(lines, ["FAILED   [tsan] //a: failed outside of any test case", "1 passed, 1 failed, 0 skipped"])

    def test_a_target_that_did_not_build_counts_as_failed(self):
        lines = summarize(configured("//a"), completed("//a", success=False), finished("BUILD_FAILURE"))
        self.assertEqual(lines, ["FAILED   //a: did not build", "0 passed, 1 failed, 0 skipped"])

    def test_a_test_that_never_ran_counts_as_failed(self):
        lines = summarize(configured("//a"), completed("//a"), finished("TESTS_FAILED"))
        self.assertEqual(lines[0], "FAILED   //a: did not run")

    def test_only_the_last_attempt_counts(self):
        lines = summarize(
            completed("//a"), result("//a", "FAILED", CRASHED), result("//a", "PASSED", ONE_PASSES, attempt=2), finished()
        )
        self.assertEqual(lines, ["1 passed, 0 failed, 0 skipped"])

    def test_an_unreadable_report_counts_as_failed(self):
        lines = summarize(completed("//a"), result("//a", "PASSED", "<testsuite"), finished())
        self.assertEqual(lines[-1], "0 passed, 1 failed, 0 skipped")

    def test_a_bazel_that_left_no_events_counts_as_failed(self):
        self.assertEqual(summarize(), ["FAILED   bazel: did not finish", "0 passed, 1 failed, 0 skipped"])

    def test_a_bazel_that_was_killed_in_the_middle_counts_as_failed(self):
        lines = summarize(completed("//a"), result("//a", "PASSED", ONE_PASSES), tail='{"id": {"te')
        self.assertEqual(lines, ["FAILED   bazel: did not finish", "1 passed, 1 failed, 0 skipped"])

    def test_an_error_in_a_build_file_counts_as_failed(self):
        self.assertEqual(summarize(finished("PARSING_FAILURE"))[0], "FAILED   bazel: PARSING_FAILURE")


if __name__ == "__main__":
    junit.main()
