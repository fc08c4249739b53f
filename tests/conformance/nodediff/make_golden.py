"""Makes golden.jsonl.xz anew, in the place of the one that is there: python3 -m tests.conformance.nodediff.make_golden

Needs Node 20 on a quiet machine, and about half an hour: every scenario runs twice, and one whose trace is not the same
both times is left out, as is one that does not end. The named scenarios are taken over; their traces are made anew, too.
"""

import concurrent.futures
import json
import os
import subprocess

from tests.conformance.nodediff import golden

GENERATED = range(1, 2501)
WILD = range(1000, 2000)


def generate(script, seed):
    code = f"process.stdout.write(JSON.stringify(require('./{golden.FOLDER}{script}').gen({seed})))"
    return json.loads(subprocess.check_output(["node", "-e", code], text=True))


def trace(scenario, settle):
    return subprocess.run(
        ["node", "--no-warnings", golden.FOLDER + "interp.js"],
        input=json.dumps({**scenario, "settle": settle}),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=20,
        check=False,
        env={**os.environ, "UV_THREADPOOL_SIZE": str(scenario["pool"])},
    ).stdout


def record(name, scenario):
    try:
        first = trace(scenario, 5)
        return {"name": name, "scenario": scenario, "trace": first} if first and first == trace(scenario, 9) else None
    except subprocess.TimeoutExpired:
        return None


def main():
    path = golden.FOLDER + "golden.jsonl.xz"
    named = [(r["name"], r["scenario"]) for r in golden.load(path) if " " not in r["name"]]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
        seeds = threads.map(lambda s: (f"seed {s}", generate("gen.js", s)), GENERATED)
        wild = threads.map(lambda s: (f"wild {s}", generate("wild.js", s)), WILD)
        records = list(threads.map(lambda item: record(*item), [*named, *seeds, *wild]))
    kept = [r for r in records if r]
    golden.save(path, kept)
    print(f"{len(kept)} scenarios, {len(records) - len(kept)} left out")


if __name__ == "__main__":
    main()
