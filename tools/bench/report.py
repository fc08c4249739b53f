"""Tells the results of a suite: as a table, as JSON and as a picture."""

import dataclasses
import json
import os

from tools.bench.run import cost_name
from tools.bench.statistics import relative_spread, times_better
from tools.bench.suite import metrics


def by_bench(results):
    """name of the benchmark -> {subject: Result}"""
    found = {}
    for result in results:
        found.setdefault(result.bench, {})[result.subject] = result
    return found


def amount(value):
    """Four digits are more than the machine repeats."""
    for factor, suffix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= factor:
            return f"{value / factor:.4g}{suffix}"
    return f"{value:.4g}"


def table(suite, results):
    """One line for each result that is no difference, with its ratio to the reference."""
    differences = {cost_name(benchmark) for benchmark in suite.benchmarks}
    results = [result for result in results if result.bench not in differences]
    widest = max([len(result.bench) for result in results] + [15]) + 1
    name = max(len(subject) for subject in suite.subjects) + 1
    versus = f"vs {suite.reference}" if suite.reference else ""
    lines = [f"{'benchmark':{widest}}{'subject':{name}}{'median':>10} {'unit':14}{'min .. max':>22}{'spread':>8}  {versus}".rstrip()]
    for subjects in by_bench(results).values():
        reference = subjects.get(suite.reference)
        for result in subjects.values():
            ratio = f"x {times_better(result, reference):.2f}" if reference else ""
            spread = f"{amount(result.min)} .. {amount(result.max)}"
            lines.append(
                f"{result.bench:{widest}}{result.subject:{name}}{amount(result.median):>10} {result.unit:14}"
                f"{spread:>22}{relative_spread(result):>8.0%}  {ratio}".rstrip()
            )
    return lines


def costs(suite, benchmarks, results):
    """One line for each difference: what is had, without what it is compared, and what it costs."""
    found, lines = by_bench(results), []
    for benchmark in benchmarks:
        told, subjects = found.get(cost_name(benchmark), {}), found.get(benchmark.name, {})
        if not told:
            continue
        whole = _whole(suite, found)
        lines.append(f"{benchmark.name}: {benchmark.about}, in {benchmark.unit}; parts are of {suite.whole} {suite.reference}")
        lines.append(f"  {'what':12}{'having':>13}{'median':>9}  {'without':14}{'median':>9}{'costs':>9}{'min .. max':>18}{'part':>8}")
        for difference in suite.differences:
            if difference.name not in told:
                continue
            cost, having, without = told[difference.name], subjects[difference.having], subjects[difference.without]
            part = f"{cost.median / whole:>8.1%}" if whole else f"{'?':>8}"
            lines.append(
                f"  {difference.name:12}{difference.having:>13}{amount(having.median):>9}  {difference.without:14}{amount(without.median):>9}"
                f"{cost.median:>9.0f}{f'{cost.min:.0f} .. {cost.max:.0f}':>18}{part}  {difference.about}"
            )
    return lines


def _whole(suite, found):
    """The median that the parts are of, or None."""
    reference = found.get(suite.whole, {}).get(suite.reference)
    return reference.median if reference else None


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A bar of our own subject, for which all was measured."""

    bench: str
    met: bool
    text: str


def verdicts(suite, benchmarks, results):
    found = by_bench(results)
    ours, told = suite.subjects[0], []
    for benchmark in benchmarks:
        for name, metric in metrics(suite, benchmark):
            subjects = found.get(name, {})
            if ours not in subjects:
                continue
            own = subjects[ours]
            for other, bar in metric.bars.items():
                if other in subjects and other != ours:
                    ratio = times_better(own, subjects[other])
                    told.append(Verdict(name, ratio >= bar, f"x {ratio:.2f} against {other}, the bar is x {bar:.3g}"))
            if metric.limit is not None:
                text = f"{amount(own.median)} {metric.unit}, the bar is at most {amount(metric.limit)}"
                told.append(Verdict(name, own.median <= metric.limit, text))
        told += _cost_verdicts(suite, benchmark, found)
    return told


def _cost_verdicts(suite, benchmark, found):
    whole, told = _whole(suite, found), []
    for difference in suite.differences:
        cost, limit = found.get(cost_name(benchmark), {}).get(difference.name), difference.limits.get(benchmark.name)
        if cost is not None and whole and limit is not None:
            part = cost.median / whole
            text = f"{part:.1%} of {suite.whole} {suite.reference}, the bar is at most {limit:.0%}"
            told.append(Verdict(f"{benchmark.name} {difference.name}", part <= limit, text))
    return told


def write_json(path, results):
    """Replaces the file as a whole, so that whoever ends the run finds the one before or this one."""
    begun = f"{path}.part"
    with open(begun, "w", encoding="utf-8") as file:
        json.dump({"results": [result.as_json() for result in results]}, file, indent=1)
        file.write("\n")
    os.replace(begun, path)


def write_plot(path, suite, results):
    """Ratios of medians to the reference, higher is better; the whiskers reach from the worst to the best round."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    own = {benchmark.name for benchmark in suite.benchmarks}
    found = {bench: subjects for bench, subjects in by_bench(results).items() if bench in own and suite.reference in subjects}
    width = 0.8 / len(suite.subjects)
    figure, axes = pyplot.subplots(figsize=(12, 6))
    for number, subject in enumerate(suite.subjects):
        places, ratios, below, above = [], [], [], []
        for place, subjects in enumerate(found.values()):
            if subject not in subjects:
                continue
            result, reference = subjects[subject], subjects[suite.reference]
            ratio = times_better(result, reference)
            ends = sorted(whisker(result, reference))
            places.append(place + (number - (len(suite.subjects) - 1) / 2) * width)
            ratios.append(ratio)
            below.append(ratio - ends[0])
            above.append(ends[1] - ratio)
        axes.bar(places, ratios, width, yerr=[below, above], capsize=2, label=subject)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_yscale("log")
    axes.set_xticks(range(len(found)), found.keys(), rotation=30, ha="right")
    axes.set_ylabel(f"times better than {suite.reference} (median; whiskers: all rounds)")
    axes.set_title(f"{suite.name}: higher is better")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def whisker(result, reference):
    """The ratios of the worst and of the best round to the median of the reference."""
    if result.higher_is_better:
        return result.min / reference.median, result.max / reference.median
    return reference.median / result.max, reference.median / result.min
