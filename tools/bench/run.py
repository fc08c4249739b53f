"""Runs a suite: every subject in turn, round after round, so that what disturbs the machine disturbs all alike."""

from tools.bench.statistics import summarize
from tools.bench.suite import Metric, NotMeasured


def in_turn(subjects, round_number):
    """The subjects, each round beginning with another, so that none always runs behind the same neighbour."""
    shift = round_number % len(subjects)
    return list(subjects[shift:]) + list(subjects[:shift])


def run(suite, benchmarks, rounds, bin_dir, note=lambda text: None):
    """Returns ([Result], [(bench, subject, reason)]): what was measured, and what was not and why."""
    suite.prepare(note)
    values, skipped = {}, {}
    for benchmark in benchmarks:
        for number in range(rounds):
            for subject in in_turn(suite.subjects, number):
                key = (benchmark.name, subject)
                if key in skipped:
                    continue
                try:
                    measured = suite.measure(benchmark, subject, bin_dir)
                    values.setdefault(key, []).append(measured if benchmark.more else {benchmark.name: measured})
                except NotMeasured as reason:
                    skipped[key] = str(reason)
        note(f"{benchmark.name}: {rounds} rounds done")
    results = []
    for benchmark in benchmarks:
        for name, metric in told(benchmark):
            for subject in suite.subjects:
                if (benchmark.name, subject) not in skipped:
                    numbers = [measured[metric.name] for measured in values[benchmark.name, subject]]
                    results.append(summarize(name, subject, metric.unit, metric.higher_is_better, numbers))
    return results, [(bench, subject, reason) for (bench, subject), reason in skipped.items()]


def told(benchmark):
    """[(the name it is told by, Metric)]: the benchmark's own number first."""
    own = Metric(benchmark.name, benchmark.unit, benchmark.higher_is_better)
    return [(benchmark.name, own)] + [(f"{benchmark.name}.{metric.name}", metric) for metric in benchmark.more]
