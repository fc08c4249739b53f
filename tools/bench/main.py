"""The command line of `tools/dev bench LAYER`, which builds the programs first. From the root of the project:

python3 -m tools.bench.main LAYER --targets              prints what is to be built
python3 -m tools.bench.main LAYER --bin DIR [OPTIONS]    measures
"""

import argparse
import importlib
import os
import pkgutil
import signal
import sys

from tools.bench import report, suites
from tools.bench.run import Run
from tools.bench.suite import missing_subjects, select


def layers():
    return sorted(module.name for module in pkgutil.iter_modules(suites.__path__))


def arguments(argv):
    parser = argparse.ArgumentParser(prog="tools/dev bench", allow_abbrev=False)
    parser.add_argument("layer", choices=layers())
    parser.add_argument("--json", metavar="FILE", help="write the results there")
    parser.add_argument("--plot", metavar="FILE", help="write the picture there (default: .cache/bench/LAYER.png)")
    parser.add_argument("--rounds", type=int, help="default 10 (rpc: 5, features: 20); fewer are for a quick look")
    parser.add_argument("--only", metavar="NAMES", default="", help="comma-separated benchmarks")
    parser.add_argument("--bin", metavar="DIR", help=argparse.SUPPRESS)
    parser.add_argument("--not-built", metavar="TARGETS", default="", help=argparse.SUPPRESS)
    parser.add_argument("--targets", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.rounds is not None and options.rounds < 1:
        parser.error("--rounds: at least 1")
    return options


def main(argv):
    options = arguments(argv)
    suite = importlib.import_module(f"tools.bench.suites.{options.layer}").SUITE
    if options.targets:
        print("\n".join(suite.targets))
        return 0
    try:
        benchmarks = select(suite, words(options.only))
        missing = missing_subjects(suite, words(options.not_built))
    except ValueError as error:
        print(f"tools/dev bench: {error}", file=sys.stderr)
        return 1
    end_as_by_hand()
    run = Run(suite, benchmarks, options.rounds or suite.rounds, options.bin, missing)
    outcome = run.go(lambda text: print(f"    {text}", flush=True), lambda so_far: options.json and report.write_json(options.json, so_far.results))
    return tell(suite, benchmarks, outcome, options)


def words(text):
    return [word for word in text.split(",") if word]


def end_as_by_hand():
    """Whoever ends the run, by Ctrl-C or another way, gets what has been measured."""

    def interrupt(*_):
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def tell(suite, benchmarks, outcome, options):
    """Returns the exit code: 1 when a measurement failed or nothing was measured, 130 after an interruption."""
    if outcome.results:
        print("\n".join(report.table(suite, outcome.results) + report.costs(suite, benchmarks, outcome.results)))
    for bench, subject, reason in outcome.left_out:
        print(f"not measured: {bench} of {subject}: {reason}")
    for bench, subject, reason in outcome.failed:
        print(f"FAILED: {bench} of {subject}: {reason}")
    for verdict in report.verdicts(suite, benchmarks, outcome.results):
        print(f"{'met   ' if verdict.met else 'MISSED'}  {verdict.bench}: {verdict.text}")
    if options.json:
        report.write_json(options.json, outcome.results)
        print(f"results: {options.json}")
    plot = options.plot or f".cache/bench/{suite.name}.png"
    if outcome.results and suite.reference:
        os.makedirs(os.path.dirname(os.path.abspath(plot)), exist_ok=True)
        try:
            report.write_plot(plot, suite, outcome.results)
            print(f"plot:    {plot}")
        except ModuleNotFoundError as error:
            # The numbers are worth more than their picture.
            print(f"no plot: {error}")
    if outcome.interrupted:
        print("tools/dev bench: interrupted; the rounds that were measured are told", file=sys.stderr)
        return 130
    return 1 if outcome.failed or not outcome.results else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
