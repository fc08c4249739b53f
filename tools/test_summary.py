"""Counts the test cases of `bazel test` from its build events, and ends with `N passed, N failed, N skipped`.

Bazel counts targets; this reads the JUnit report of each. Failures and skips are told one a line. A target
that did not build, crashed, timed out or failed after its last case is one more failed case. So is a run of
Bazel that left no events. The exit status is 1 if anything failed.
"""

import json
import sys
import urllib.request
import xml.etree.ElementTree as ElementTree


class Summary:
    def __init__(self):
        self.passed = 0
        self.failed = []  # "where: reason"
        self.skipped = []  # "where: reason"

    def add_report(self, where, report):
        """Adds the cases of one JUnit report."""
        for case in report.iter("testcase"):
            name = f"{where} {case_name(case)}"
            problem = first_child(case, "failure", "error")
            skip = case.find("skipped")
            if problem is not None:
                self.failed.append(f"{name}: {first_line(problem)}")
            elif skip is not None:
                self.skipped.append(f"{name}: {skip_reason(skip)}")
            elif case.get("status") == "notrun" or case.get("result") == "suppressed":
                self.skipped.append(f"{name}: disabled in the source")
            else:
                self.passed += 1

    def print(self, out):
        for line in self.skipped:
            print(f"skipped  {line}", file=out)
        for line in self.failed:
            print(f"FAILED   {line}", file=out)
        print(f"{self.passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped", file=out)


def case_name(case):
    suite, name = case.get("classname"), case.get("name", "?")
    return f"{suite}.{name}" if suite else name


def first_child(element, *names):
    return next((child for child in element if child.tag in names), None)


def first_line(element):
    text = element.get("message") or element.text or "no reason given"
    return next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")


def skip_reason(skip):
    """GoogleTest puts the file and line first, then the reason."""
    lines = [line.strip() for line in (skip.get("message") or skip.text or "").splitlines()]
    lines = [line for line in lines if line and line != "Skipped"]
    if len(lines) > 1 and lines[0].rsplit(":", 1)[-1].isdigit():
        lines = lines[1:]
    return " ".join(lines) or "no reason given"


def read_uri(uri):
    return urllib.request.urlopen(uri).read() if uri.startswith("file:") else b""


def events_of(lines):
    for line in lines:
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError:  # Bazel was killed in the middle of a line
                return


def summarize(run, lines, summary, read=read_uri):
    """Adds one run of Bazel, given the lines of its event file."""
    prefix = "" if run == "plain" else f"[{run}] "
    results = {}  # (label, run, shard) -> the last attempt
    tests, built, unbuilt = set(), set(), set()
    finished = False
    for event in events_of(lines):
        kind = event.get("id", {})
        if "targetConfigured" in kind and "testSize" in event.get("configured", {}):
            tests.add(kind["targetConfigured"]["label"])
        elif "targetCompleted" in kind:
            done = built if event.get("completed", {}).get("success") else unbuilt
            done.add(kind["targetCompleted"]["label"])
        elif "testResult" in kind:
            which = kind["testResult"]
            results[(which["label"], which.get("run"), which.get("shard"))] = event["testResult"]
        elif "buildFinished" in kind:
            finished = True
            code = event.get("finished", {}).get("exitCode", {})

    for (label, _, _), result in sorted(results.items(), key=lambda item: str(item[0])):
        add_result(prefix + label, result, summary, read)
    with_result = {label for label, _, _ in results}
    for label in sorted(unbuilt | (tests - with_result)):
        if label not in with_result:
            why = "did not build" if label not in built else "did not run"
            summary.failed.append(f"{prefix}{label}: {why}")
    if not finished:
        summary.failed.append(f"{prefix}bazel: did not finish")
    elif code.get("name") not in ("SUCCESS", "TESTS_FAILED", "NO_TESTS_FOUND", None) and not unbuilt:
        summary.failed.append(f"{prefix}bazel: {code.get('name')}")


def add_result(where, result, summary, read):
    status = result.get("status", "NO_STATUS")
    before = len(summary.failed)
    reports = [out["uri"] for out in result.get("testActionOutput", []) if out.get("name") == "test.xml"]
    for uri in reports:
        try:
            summary.add_report(where, ElementTree.fromstring(read(uri)))
        except (ElementTree.ParseError, OSError) as error:
            summary.failed.append(f"{where}: its report cannot be read: {error}")
    if status not in ("PASSED", "FLAKY") and len(summary.failed) == before:
        summary.failed.append(f"{where}: {status.lower()} outside of any test case")
    elif not reports and status in ("PASSED", "FLAKY"):
        summary.failed.append(f"{where}: left no report")


def main(paths):
    summary = Summary()
    for path in paths:
        run = path.rsplit("/", 1)[-1].removesuffix(".json")
        with open(path, encoding="utf-8", errors="replace") as file:
            summarize(run, file, summary)
    summary.print(sys.stdout)
    return 1 if summary.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
