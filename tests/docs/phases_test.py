"""docs/phases.md names a test for every rule and every difference, and each of them exists."""

import glob
import re
import unittest

from tests import junit

RULES = range(1, 30)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def rows(text, heading):
    """The rows of the tables below a heading, as lists of cells, without the heads."""
    section = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL).group(1)
    lines = [line for line in section.splitlines() if line.startswith("|")]
    heads = {i for i, line in enumerate(lines) if i + 1 < len(lines) and lines[i + 1].startswith("| ---")}
    return [[cell.strip() for cell in line.strip("|").split("|")] for i, line in enumerate(lines) if i not in heads and not line.startswith("| ---")]


def tests_of(cell):
    return re.findall(r"`(\w+\.\w+)`", cell)


class PhasesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = read("docs/phases.md")
        cls.existing = set()
        cls.cases = set()
        for path in glob.glob("tests/conformance/node/*_test.cc") + ["tests/framework/loop/fairness_test.cc"]:
            source = read(path)
            cls.existing |= {f"{suite}.{name}" for suite, name in re.findall(r"^TEST(?:_[FP])?\((\w+), (\w+)\)", source, re.MULTILINE)}
            for comment in re.findall(r"^// .*$", source, re.MULTILINE):
                cls.cases |= set(re.findall(r"(?:async-hooks/|libuv )?test-[a-z0-9-]+", comment))

    def test_every_rule_has_tests_that_are_named_after_it_and_exist(self):
        table = {int(row[0]): tests_of(row[2]) for row in rows(self.text, "Rules and their tests")}
        self.assertEqual(sorted(table), list(RULES))
        for rule, tests in table.items():
            self.assertTrue(tests, f"rule {rule} has no test")
            for test in tests:
                self.assertIn(test, self.existing)
                self.assertRegex(test, rf"\.Rule{rule}[A-Z]")

    def test_every_test_that_is_named_after_a_rule_stands_in_the_table(self):
        named = {test for row in rows(self.text, "Rules and their tests") for test in tests_of(row[2])}
        self.assertEqual({test for test in self.existing if re.search(r"\.Rule\d", test)}, named)

    def test_every_difference_has_a_reason_and_a_test_that_exists(self):
        table = rows(self.text, "Deliberate differences")
        self.assertTrue(table)
        for row in table:
            self.assertTrue(row[2], row)
            self.assertTrue(tests_of(row[3]), row)
            for test in tests_of(row[3]):
                self.assertIn(test, self.existing)

    def test_the_cases_of_at_least_60_tests_of_node_and_libuv_are_there(self):
        table = {row[0]: tests_of(row[1]) for row in rows(self.text, "Cases of other loops")}
        self.assertGreaterEqual(len(table), 60)
        self.assertEqual(set(table), self.cases)
        for tests in table.values():
            self.assertTrue(tests)
            self.assertLessEqual(set(tests), self.existing)


if __name__ == "__main__":
    junit.main()
