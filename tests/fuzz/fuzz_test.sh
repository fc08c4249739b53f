#!/usr/bin/env bash
# Runs one libFuzzer target for a while: fuzz_test.sh TARGET MAKE_CORPUS FUZZER. Only with --config=fuzz.
set -euo pipefail

target=$1 make_corpus=$2 fuzzer=$3
seconds=${ROTA_FUZZ_SECONDS:-60}
# Far less than what any machine gets through: the target does something.
least_runs=1000

seeds=$TEST_TMPDIR/seeds found=$TEST_TMPDIR/found log=$TEST_TMPDIR/log
mkdir "$seeds" "$found"
ASAN_SYMBOLIZER_PATH=$(command -v llvm-symbolizer-19 || true)
export ASAN_SYMBOLIZER_PATH
"$make_corpus" "$target" "$seeds"
# The seeds whole, and room to grow: what would be cut off of the largest one is just what is behind a field that the transport cuts.
max_len=$(($(find "$seeds" -type f -printf '%s\n' | sort -n | tail -1) + 20000))

status=0
"$fuzzer" "$found" "$seeds" -max_total_time="$seconds" -max_len="$max_len" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
  -artifact_prefix="$TEST_UNDECLARED_OUTPUTS_DIR/" >"$log" 2>&1 || status=$?
tail -60 "$log"
if [[ $status -ne 0 ]]; then
  echo "$target failed with status $status; the input is among the outputs of this test"
  exit "$status"
fi
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
if [[ ${runs:-0} -lt $least_runs ]]; then
  echo "$target ran only ${runs:-0} times in $seconds s, which shows nothing"
  exit 1
fi
if [[ $target == byte_stream ]]; then
  behind=$(sed -n 's/^stat::inputs_behind_cut_fields: *//p' "$log")
  if [[ ${behind:-0} -lt 1 ]]; then
    echo "no input got behind a field that is cut"
    exit 1
  fi
fi
