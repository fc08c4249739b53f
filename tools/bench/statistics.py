"""What is told of many measurements of one thing: median, spread, and ratios of medians.

The median, because other work of the machine makes single rounds slow and never fast; the spread beside it says how much to
trust it.
"""

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Result:
    """One benchmark of one subject over all rounds, as --json writes it."""

    bench: str
    subject: str
    unit: str
    higher_is_better: bool
    median: float
    min: float
    max: float
    rounds: int

    def as_json(self):
        return dataclasses.asdict(self)


def summarize(bench, subject, unit, higher_is_better, values):
    """values: one for each round, at least one."""
    return Result(bench, subject, unit, higher_is_better, statistics.median(values), min(values), max(values), len(values))


def times_better(result, reference):
    """By what factor the median of `result` is better than that of `reference`, whichever way is better; 1 is equal."""
    if result.higher_is_better:
        return result.median / reference.median
    return reference.median / result.median


def relative_spread(result):
    """(max - min) / median."""
    return (result.max - result.min) / result.median
