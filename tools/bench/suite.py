"""What a suite of benchmarks is made of. Each layer describes its own in tools/bench/suites/."""

import dataclasses
import typing


class MeasurementFailed(Exception):
    """A subject did not do its work; the message says which and why."""


class NotMeasured(Exception):
    """A subject has no counterpart of a benchmark; the message is the reason."""


class SubjectMissing(Exception):
    """A subject cannot be measured at all: it was not built, or does not start; the message is the reason."""


@dataclasses.dataclass(frozen=True)
class Metric:
    """One number of a measurement that gives several. It is told as NAME_OF_THE_BENCHMARK.NAME."""

    name: str
    unit: str
    higher_is_better: bool
    # The ratios to other subjects that the first one is to reach.
    bars: typing.Mapping[str, float] = dataclasses.field(default_factory=dict)
    # What the first subject is not to exceed.
    limit: typing.Optional[float] = None


@dataclasses.dataclass(frozen=True)
class Benchmark:
    name: str
    about: str
    unit: str
    higher_is_better: bool
    # The ratio to the reference that the first subject is to reach; None where there is no bar.
    bar: typing.Optional[float] = 1.0
    # Further numbers that the same measurement gives.
    more: typing.Sequence[Metric] = ()
    # The ratios to other subjects that the first one is to reach, beside or instead of `bar`.
    bars: typing.Mapping[str, float] = dataclasses.field(default_factory=dict)
    # What the first subject is not to exceed, in the unit of the benchmark.
    limit: typing.Optional[float] = None
    # A subject is measured so often in a round, in turn with the others, and the median counts: for what is another from one second to
    # the next because the machine is.
    turns: int = 1
    # How long one measurement is expected to take, for the estimate of a run that has not begun.
    seconds: float = 1.0


@dataclasses.dataclass(frozen=True)
class Difference:
    """What something costs: how much more one subject needs than another one that goes without it, in each benchmark of a suite."""

    name: str
    about: str
    having: str
    without: str
    # {benchmark: the part of the whole that it is not to exceed there}
    limits: typing.Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Suite:
    name: str
    benchmarks: typing.Sequence[Benchmark]
    # The first is ours.
    subjects: typing.Sequence[str]
    # The subject that ratios are told to, and that the picture is about; empty where the numbers are ratios themselves.
    reference: str
    # Bazel targets, built with --config=opt, and the subjects that are lost without each; without one that has none the suite
    # cannot run.
    targets: typing.Mapping[str, typing.Sequence[str]]
    # measure(benchmark, subject, bin_dir) -> float in the unit of the benchmark or, where it has `more`, a mapping of all
    # their names, with the benchmark's own, to floats. Raises the exceptions above.
    measure: typing.Callable
    rounds: int = 10
    # prepare(note) builds what Bazel does not; called once, before all measurements. Returns {subject: reason} of those that
    # cannot be measured.
    prepare: typing.Callable = lambda note: {}
    # lacks(benchmark, subject) -> why it has no counterpart, or None, where that is known before.
    lacks: typing.Callable = lambda benchmark, subject: None
    # Told beside the benchmarks, of lower-is-better numbers, as parts of what the reference needs in the benchmark `whole`, which
    # has the same unit.
    differences: typing.Sequence[Difference] = ()
    whole: str = ""


def metrics(suite, benchmark):
    """[(the name it is told by, Metric)]: the benchmark's own number first."""
    bars = benchmark.bars or ({} if benchmark.bar is None else {suite.reference: benchmark.bar})
    own = Metric(benchmark.name, benchmark.unit, benchmark.higher_is_better, bars, benchmark.limit)
    return [(benchmark.name, own)] + [(f"{benchmark.name}.{metric.name}", metric) for metric in benchmark.more]


def missing_subjects(suite, not_built):
    """{subject: reason} for Bazel targets that could not be built. Raises ValueError for one that all need."""
    missing = {}
    for target in not_built:
        if not suite.targets[target]:
            raise ValueError(f"{target} could not be built, and nothing can be measured without it")
        missing.update({subject: f"{target} could not be built" for subject in suite.targets[target]})
    return missing


def select(suite, names):
    """The benchmarks of the suite called `names`, in the order of the suite; all for an empty list."""
    unknown = sorted(set(names) - {benchmark.name for benchmark in suite.benchmarks})
    if unknown:
        there = ", ".join(benchmark.name for benchmark in suite.benchmarks)
        raise ValueError(f"there is no benchmark '{unknown[0]}'; there are: {there}")
    return [benchmark for benchmark in suite.benchmarks if not names or benchmark.name in names]
