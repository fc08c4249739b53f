"""Runs a suite: every subject in turn, round after round, so that what disturbs the machine disturbs all alike."""

from tools.bench.statistics import summarize
from tools.bench.suite import NotMeasured


def in_turn(subjects, round_number):
    """The subjects, each round beginning with another, so that none always runs behind the same neighbour."""
    shift = round_number % len(subjects)
    return list(subjects[shift:]) + list(subjects[:shift])


def run(suite, benchmarks, rounds, bin_dir, note=lambda text: None):
    """Returns ([Result], [(bench, subject, reason)]): what was measured, and what was not and why."""
    values, skipped = {}, {}
    for benchmark in benchmarks:
        for number in range(rounds):
            for subject in in_turn(suite.subjects, number):
                key = (benchmark.name, subject)
                if key in skipped:
                    continue
                try:
                    values.setdefault(key, []).append(suite.measure(benchmark, subject, bin_dir))
                except NotMeasured as reason:
                    skipped[key] = str(reason)
        note(f"{benchmark.name}: {rounds} rounds done")
    results = [
        summarize(benchmark.name, subject, benchmark.unit, benchmark.higher_is_better, values[benchmark.name, subject])
        for benchmark in benchmarks
        for subject in suite.subjects
        if (benchmark.name, subject) not in skipped
    ]
    return results, [(bench, subject, reason) for (bench, subject), reason in skipped.items()]
