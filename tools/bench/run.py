"""Runs a suite: every subject in turn, round after round, so that what disturbs the machine disturbs all alike."""

import dataclasses
import statistics
import subprocess
import time

from tools.bench.statistics import summarize
from tools.bench.suite import MeasurementFailed, NotMeasured, SubjectMissing, metrics


def in_turn(subjects, round_number):
    """The subjects, each round beginning with another, so that none always runs behind the same neighbour."""
    shift = round_number % len(subjects)
    return list(subjects[shift:]) + list(subjects[:shift])


@dataclasses.dataclass
class Outcome:
    """What a run has found so far."""

    results: list
    # [(bench, subject, reason)]: has no counterpart, or cannot be measured at all (bench is "all").
    left_out: list
    # [(bench, subject, reason)]: did not do its work. Its numbers are not told.
    failed: list
    interrupted: bool = False


class Run:
    """One run of `benchmarks`. `missing` is {subject: reason} for those that were not built."""

    def __init__(self, suite, benchmarks, rounds, bin_dir, missing=None, clock=time.monotonic):
        self.suite, self.benchmarks, self.rounds, self.bin_dir = suite, benchmarks, rounds, bin_dir
        self._clock = clock
        self._missing = dict(missing or {})
        pairs = [(benchmark, subject) for benchmark in benchmarks for subject in suite.subjects]
        self._skipped = {(benchmark.name, subject): reason for benchmark, subject in pairs if (reason := suite.lacks(benchmark, subject))}
        self._failed = {}
        # (benchmark, subject) -> [{name: number}], one for each round, and how long each of these took.
        self._values, self._took = {}, {}

    def go(self, note=lambda text: None, on_progress=lambda outcome: None):
        """Measures all rounds. `on_progress` hears what there is after each benchmark of each round. Ctrl-C ends the run with what
        there is."""
        interrupted = False
        try:
            self._missing.update(self.suite.prepare(note))
            note(f"{self._count_left()} measurements, about {minutes(self.seconds_left())}")
            for number in range(self.rounds):
                for benchmark in self.benchmarks:
                    self._measure_all(benchmark, number)
                    note(f"round {number + 1} of {self.rounds}: {benchmark.name} done, about {minutes(self.seconds_left())} left")
                    on_progress(self.outcome())
        except KeyboardInterrupt:
            interrupted = True
        return dataclasses.replace(self.outcome(), interrupted=interrupted)

    def outcome(self):
        left_out = [("all", subject, reason) for subject, reason in self._missing.items() if subject in self.suite.subjects]
        left_out += [(bench, subject, reason) for (bench, subject), reason in self._skipped.items()]
        failed = [(bench, subject, reason) for (bench, subject), reason in self._failed.items()]
        return Outcome(self._results() + self._costs(), left_out, failed)

    def seconds_left(self):
        """By what was measured so far; before that, by what the suite expects."""
        return sum(rounds * self._expected(benchmark, subject) for benchmark, subject, rounds in self._left())

    def _count_left(self):
        return sum(rounds * benchmark.turns for benchmark, _, rounds in self._left())

    def _left(self):
        for benchmark in self.benchmarks:
            for subject in self.suite.subjects:
                if self._wanted(benchmark, subject):
                    yield benchmark, subject, self.rounds - len(self._took.get((benchmark.name, subject), ()))

    def _expected(self, benchmark, subject):
        own = self._took.get((benchmark.name, subject))
        return sum(own) / len(own) if own else benchmark.seconds * benchmark.turns

    def _wanted(self, benchmark, subject):
        key = (benchmark.name, subject)
        return subject not in self._missing and key not in self._skipped and key not in self._failed

    def _measure_all(self, benchmark, number):
        turns = {subject: [] for subject in self.suite.subjects}
        for turn in range(benchmark.turns):
            for subject in in_turn(self.suite.subjects, number * benchmark.turns + turn):
                if self._wanted(benchmark, subject):
                    self._measure(benchmark, subject, turns[subject])
                if len(turns[subject]) == benchmark.turns:
                    self._end_round(benchmark, subject, turns[subject])

    def _end_round(self, benchmark, subject, turns):
        key = (benchmark.name, subject)
        self._values.setdefault(key, []).append(medians([numbers for numbers, _ in turns]))
        self._took.setdefault(key, []).append(sum(seconds for _, seconds in turns))

    def _measure(self, benchmark, subject, turns):
        key, begin = (benchmark.name, subject), self._clock()
        try:
            measured = self.suite.measure(benchmark, subject, self.bin_dir)
        except SubjectMissing as reason:
            self._missing[subject] = str(reason)
        except NotMeasured as reason:
            self._skipped[key] = str(reason)
        except MeasurementFailed as reason:
            self._failed[key] = str(reason)
        except subprocess.TimeoutExpired as reason:
            self._failed[key] = f"it did not end within {reason.timeout:.0f} s"
        else:
            turns.append((measured if benchmark.more else {benchmark.name: measured}, self._clock() - begin))

    def _numbers(self, benchmark, subject, metric):
        """One for each round; none for what failed or is missing, even if some rounds went well."""
        return [measured[metric.name] for measured in self._values.get((benchmark.name, subject), ()) if self._wanted(benchmark, subject)]

    def _results(self):
        results = []
        for benchmark in self.benchmarks:
            for name, metric in metrics(self.suite, benchmark):
                for subject in self.suite.subjects:
                    if numbers := self._numbers(benchmark, subject, metric):
                        results.append(summarize(name, subject, metric.unit, metric.higher_is_better, numbers))
        return results

    def _costs(self):
        """The differences, each round for itself: what disturbed both does not count."""
        results = []
        for benchmark in self.benchmarks:
            (_, metric), *_ = metrics(self.suite, benchmark)
            for difference in self.suite.differences:
                having = self._numbers(benchmark, difference.having, metric)
                without = self._numbers(benchmark, difference.without, metric)
                if numbers := [more - less for more, less in zip(having, without)]:
                    results.append(summarize(cost_name(benchmark), difference.name, metric.unit, False, numbers))
        return results


def medians(measured):
    """{name: the median of its numbers} of several {name: number}."""
    return {name: statistics.median(numbers[name] for numbers in measured) for name in measured[0]}


def cost_name(benchmark):
    """The benchmark by which the results of differences are told."""
    return f"{benchmark.name}.cost"


def minutes(seconds):
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
