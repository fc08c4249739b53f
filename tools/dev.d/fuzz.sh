#!/usr/bin/env bash
# fuzzes the native transport under the sanitizers: fuzz [SECONDS for each target, 60 without]
source tools/lib/common.sh
source tools/lib/packages.sh

seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "fuzz: '$seconds' is no number of seconds"

install_packages build test
step "building the targets"
bazel_build --config=fuzz //tests/fuzz:make_corpus //tests/fuzz:byte_stream_fuzz //tests/fuzz:metadata_codec_fuzz
bin=$("${BAZEL[@]}" info --config=fuzz bazel-bin 2>/dev/null)/tests/fuzz

export ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1
ASAN_SYMBOLIZER_PATH=$(command -v llvm-symbolizer-19 || true)
export ASAN_SYMBOLIZER_PATH
failed=0
for target in byte_stream metadata_codec; do
  # What earlier runs found interesting stays, so that each run begins where the last one ended.
  found=.cache/fuzz/$target
  seeds=$(mktemp -d)
  mkdir -p "$found"
  "$bin/make_corpus" "$target" "$seeds"
  # The seeds whole, and room to grow: what would be cut off of the largest one is just what is behind a field that the transport cuts.
  max_len=$(($(find "$seeds" -type f -printf '%s\n' | sort -n | tail -1) + 20000))
  step "fuzzing $target for $seconds s"
  status=0
  "$bin/${target}_fuzz" "$found" "$seeds" -max_total_time="$seconds" -max_len="$max_len" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$found-failed-" >"$found.log" 2>&1 || status=$?
  rm -rf "$seeds"
  if [[ $status -ne 0 ]]; then
    failed=1
    tail -60 "$found.log"
    note "FAILED with status $status; the input is $found-failed-*"
  fi
  grep -E '^stat::(number_of_executed_units|new_units_added|peak_rss_mb|inputs_behind_cut_fields)|^Done' "$found.log" | sed 's/^/    /' || true
done
step "fuzzing is over"
exit "$failed"
