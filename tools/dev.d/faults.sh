#!/usr/bin/env bash
# attacks the transports at full length and prints what each fault cost [a filter of test names]
source tools/lib/common.sh
source tools/lib/packages.sh

install_packages build test
step "faults, at full length and optimized, as users ship it: this takes minutes, and wants the machine for itself"
status=0
output=$(mktemp)
trap 'rm -f "$output"' EXIT
"${BAZEL[@]}" test --config=opt --build_tests_only --show_progress_rate_limit=30 --nocache_test_results --test_output=all --test_timeout=3600 --local_test_jobs=1 \
  --test_env=ROTA_FAULTS_LONG=1 ${1:+--test_filter="$1"} -- //tests/faults/... >"$output" 2>&1 || status=$?
grep -E '^(figure:|\[  FAILED|\[  SKIPPED \].*\(|.*: Failure$|Expected|Value of|  Actual|gRPC 1.51)' "$output" || tail -30 "$output"
step "bazel ended with status $status"
exit "$status"
