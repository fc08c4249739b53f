"""What the matrix counts as a failure."""

import pathlib
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

from tests import junit
from tests.conformance import matrix


def report(passed, *others):
    suite = ElementTree.Element("testsuite")
    for child in (*[None] * passed, *others):
        case = ElementTree.SubElement(suite, "testcase", package="http2/6.5", classname="sends SETTINGS")
        if child:
            ElementTree.SubElement(case, child).text = "what came"
    return ElementTree.ElementTree(suite)


class MatrixTest(unittest.TestCase):
    def test_all_cases_of_h2spec_pass(self):
        self.assertEqual(matrix.read_h2spec(report(145)), (145, []))

    def test_a_report_without_cases_is_a_failure(self):
        self.assertEqual(matrix.read_h2spec(report(0)), (0, ["ran 0 cases, and there are 145"]))

    def test_a_case_that_was_left_out_is_a_failure(self):
        self.assertEqual(matrix.read_h2spec(report(144)), (144, ["ran 144 cases, and there are 145"]))

    def test_what_failed_or_was_skipped_is_a_failure(self):
        for tag in ("failure", "error", "skipped"):
            passed, failures = matrix.read_h2spec(report(144, tag))
            self.assertEqual((passed, len(failures)), (144, 1), failures)

    def test_what_is_missing_fails_unless_it_is_allowed(self):
        lines, status = matrix.verdict([], ["h2spec: Go is not installed"], allow_missing=False)
        self.assertEqual((lines[0], status), ("MISSING  h2spec: Go is not installed", 1))
        self.assertEqual(matrix.verdict([], ["h2spec: Go is not installed"], allow_missing=True), (["skipped  h2spec: Go is not installed"], 0))

    def test_what_failed_fails(self):
        self.assertEqual(matrix.verdict([], [], allow_missing=False), ([], 0))
        self.assertEqual(matrix.verdict(["a"], [], allow_missing=True), (["FAILED   a"], 1))

    def test_the_document_says_why_h2spec_leaves_a_transport_out(self):
        document = " ".join(pathlib.Path("docs/conformance.md").read_text(encoding="utf-8").split())
        for transport in matrix.NO_H2SPEC:
            self.assertIn(f"h2spec does not run on {transport}, because ", document)

    def test_clients_show_a_certificate_in_mutual_tls_alone(self):
        self.assertEqual(matrix.client_files("plain", "/c"), [])
        self.assertEqual(matrix.client_files("tls", "/c"), ["/c/ca.pem"])
        self.assertEqual(matrix.client_files("mutual", "/c"), ["/c/ca.pem", "/c/client.pem", "/c/client.key"])

    def test_a_case_that_is_a_race_of_the_client_gets_as_many_attempts_as_are_said(self):
        with tempfile.TemporaryDirectory() as folder:
            fails_twice = ["sh", "-c", f"echo >>{folder}/runs; test $(wc -l <{folder}/runs) -gt 2"]
            self.assertIsNotNone(matrix.run_until_fine(fails_twice, 1))
            self.assertIsNone(matrix.run_until_fine(fails_twice, 2))
        self.assertIsNotNone(matrix.run_until_fine(["false"], 3))


if __name__ == "__main__":
    junit.main()
