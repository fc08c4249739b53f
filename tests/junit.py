"""unittest.main() that also writes the JUnit report by which Bazel, and tools/dev test, count the cases."""

import os
import sys
import unittest
import xml.etree.ElementTree as ElementTree


class _Recorder(unittest.TextTestResult):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.suite = ElementTree.Element("testsuite", name=os.environ.get("TEST_TARGET", "python"))

    def _record(self, test, tag=None, message=""):
        suite, _, name = test.id().rpartition(".")
        case = ElementTree.SubElement(self.suite, "testcase", classname=suite.removeprefix("__main__."), name=name)
        if tag:
            ElementTree.SubElement(case, tag, message=message)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._record(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._record(test, "failure", str(err[1]))

    def addError(self, test, err):
        super().addError(test, err)
        self._record(test, "error", repr(err[1]))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._record(test, "skipped", reason)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._record(subtest, "failure", str(err[1]))


def main():
    runner = unittest.TextTestRunner(verbosity=2, resultclass=_Recorder)
    result = unittest.main(module="__main__", testRunner=runner, exit=False).result
    path = os.environ.get("XML_OUTPUT_FILE")
    if path:
        ElementTree.ElementTree(result.suite).write(path, encoding="utf-8", xml_declaration=True)
    sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)
