"""Tells the results of a suite: as a table, as JSON and as a picture."""

import json

from tools.bench.statistics import relative_spread, times_better
from tools.bench.suite import told_bars


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
    """One line for each result, with its ratio to the reference."""
    widest = max([len(result.bench) for result in results] + [15]) + 1
    name = max(len(subject) for subject in suite.subjects) + 1
    lines = [f"{'benchmark':{widest}}{'subject':{name}}{'median':>10} {'unit':14}{'min .. max':>22}{'spread':>8}  vs {suite.reference}"]
    for subjects in by_bench(results).values():
        reference = subjects.get(suite.reference)
        for result in subjects.values():
            ratio = f"x {times_better(result, reference):.2f}" if reference else ""
            spread = f"{amount(result.min)} .. {amount(result.max)}"
            lines.append(
                f"{result.bench:{widest}}{result.subject:{name}}{amount(result.median):>10} {result.unit:14}"
                f"{spread:>22}{relative_spread(result):>8.0%}  {ratio}"
            )
    return lines


def bars(suite, benchmarks, results):
    """[(benchmark, other subject, ratio, bar)] for our own subject where the other was measured too."""
    found = by_bench(results)
    told = []
    for benchmark in benchmarks:
        subjects = found.get(benchmark.name, {})
        for other, bar in told_bars(suite, benchmark).items():
            if suite.subjects[0] in subjects and other in subjects and other != suite.subjects[0]:
                told.append((benchmark, other, times_better(subjects[suite.subjects[0]], subjects[other]), bar))
    return told


def write_json(path, results):
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"results": [result.as_json() for result in results]}, file, indent=1)
        file.write("\n")


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
