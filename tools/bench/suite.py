"""What a suite of benchmarks is made of. Each layer describes its own in tools/bench/suites/."""

import dataclasses
import typing


class MeasurementFailed(Exception):
    """A subject did not do its work; the message says which and why."""


class NotMeasured(Exception):
    """A subject has no counterpart of a benchmark, or is not installed; the message is the reason."""


@dataclasses.dataclass(frozen=True)
class Metric:
    """One number of a measurement that gives several. It is told as NAME_OF_THE_BENCHMARK.NAME."""

    name: str
    unit: str
    higher_is_better: bool


@dataclasses.dataclass(frozen=True)
class Benchmark:
    name: str
    about: str
    unit: str
    higher_is_better: bool
    # The ratio to the reference that the first subject is to reach.
    bar: float = 1.0
    # Further numbers that the same measurement gives.
    more: typing.Sequence[Metric] = ()
    # The ratios to other subjects that the first one is to reach, beside or instead of `bar`.
    bars: typing.Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Suite:
    name: str
    benchmarks: typing.Sequence[Benchmark]
    # The first is ours.
    subjects: typing.Sequence[str]
    # The subject that ratios are told to.
    reference: str
    # Bazel targets, built with --config=opt.
    targets: typing.Sequence[str]
    # measure(benchmark, subject, bin_dir) -> float in the unit of the benchmark or, where it has `more`, a mapping of all
    # their names, with the benchmark's own, to floats. Raises the exceptions above.
    measure: typing.Callable
    rounds: int = 10
    # prepare(note) builds what Bazel does not; called once, before all measurements.
    prepare: typing.Callable = lambda note: None


def told_bars(suite, benchmark):
    """{subject: ratio} that the first subject is to reach in this benchmark."""
    return benchmark.bars or {suite.reference: benchmark.bar}


def select(suite, names):
    """The benchmarks of the suite called `names`, in the order of the suite; all for an empty list."""
    unknown = sorted(set(names) - {benchmark.name for benchmark in suite.benchmarks})
    if unknown:
        there = ", ".join(benchmark.name for benchmark in suite.benchmarks)
        raise ValueError(f"there is no benchmark '{unknown[0]}'; there are: {there}")
    return [benchmark for benchmark in suite.benchmarks if not names or benchmark.name in names]
