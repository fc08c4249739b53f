#!/usr/bin/env bash
# runs the tests [--sanitize: also under the sanitizers] [--fuzz: and fuzzes for a minute] [Bazel patterns]
source tools/lib/common.sh
source tools/lib/packages.sh
source tools/lib/node.sh

sanitize=false
fuzz=false
patterns=()
for argument in "$@"; do
  case $argument in
    --sanitize) sanitize=true ;;
    --fuzz) fuzz=true ;;
    --*) die "test: unknown option '$argument' (there are --sanitize and --fuzz)" ;;
    *) patterns+=("$argument") ;;
  esac
done
if [[ ${#patterns[@]} -eq 0 ]]; then patterns=(//...); fi

install_packages build test
find_node
mapfile -t test_env < <(node_test_env)

events=$(mktemp -d)
trap 'rm -rf "$events"' EXIT

# run_tests NAME FLAG...: of $patterns; what happened is in $events/NAME.json, and the summary below judges it.
run_tests() {
  local name=$1 status=0
  shift
  step "tests: $name"
  # The file is created first: Bazel that does not even start must count as a failure too.
  : >"$events/$name.json"
  "${BAZEL[@]}" test --keep_going --show_progress_rate_limit=10 --build_event_json_file="$events/$name.json" \
    "${test_env[@]}" "$@" -- "${patterns[@]}" || status=$?
  note "bazel ended with status $status"
}

run_tests plain
if $sanitize; then
  run_tests thread-sanitizer --config=tsan --build_tests_only
  run_tests address-and-undefined-sanitizer --config=asan --config=ubsan --build_tests_only
fi
if $fuzz; then
  # Named, because without their configuration they do not even link.
  patterns=(//tests/fuzz:byte_stream_fuzz_test //tests/fuzz:metadata_codec_fuzz_test)
  run_tests fuzz --config=fuzz
fi

step "summary"
python3 tools/test_summary.py "$events"/*.json
