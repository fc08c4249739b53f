"""The command line of `tools/dev bench LAYER`, which builds the programs first. From the root of the project:

python3 -m tools.bench.main LAYER --targets              prints what is to be built
python3 -m tools.bench.main LAYER --bin DIR [OPTIONS]    measures
"""

import argparse
import importlib
import os
import pkgutil
import sys

from tools.bench import report, suites
from tools.bench.run import run
from tools.bench.suite import MeasurementFailed, select



def layers():
    return sorted(module.name for module in pkgutil.iter_modules(suites.__path__))


def arguments(argv):
    parser = argparse.ArgumentParser(prog="tools/dev bench", allow_abbrev=False)
    parser.add_argument("layer", choices=layers())
    parser.add_argument("--json", metavar="FILE", help="write the results there")
    parser.add_argument("--plot", metavar="FILE", help="write the picture there (default: .cache/bench/LAYER.png)")
    parser.add_argument("--rounds", type=int, help="default 10 (rpc: 5); fewer are for a quick look")
    parser.add_argument("--only", metavar="NAMES", default="", help="comma-separated benchmarks")
    parser.add_argument("--bin", metavar="DIR", help=argparse.SUPPRESS)
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
        benchmarks = select(suite, [name for name in options.only.split(",") if name])
        results, skipped = run(suite, benchmarks, options.rounds or suite.rounds, options.bin, lambda text: print(f"    {text}", flush=True))
    except (ValueError, MeasurementFailed) as error:
        print(f"tools/dev bench: {error}", file=sys.stderr)
        return 1
    tell(suite, benchmarks, results, skipped)
    if options.json:
        report.write_json(options.json, results)
        print(f"results: {options.json}")
    plot = options.plot or f".cache/bench/{suite.name}.png"
    os.makedirs(os.path.dirname(os.path.abspath(plot)), exist_ok=True)
    report.write_plot(plot, suite, results)
    print(f"plot:    {plot}")
    return 0


def tell(suite, benchmarks, results, skipped):
    print("\n".join(report.table(suite, results)))
    for bench, subject, reason in skipped:
        print(f"not measured: {bench} of {subject}: {reason}")
    for benchmark, other, ratio, bar in report.bars(suite, benchmarks, results):
        print(f"{'reached' if ratio >= bar else 'MISSED '}  {benchmark.name}: x {ratio:.2f} against {other}, the bar is x {bar:.3g}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
