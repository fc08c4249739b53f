#!/usr/bin/env bash
# stresses a layer for a minute, plain and under each sanitizer: soak loop [--seconds N] [--only plain|tsan|asan]
source tools/lib/common.sh
source tools/lib/packages.sh

[[ $# -ge 1 ]] || die "soak: which layer? There is: loop"
layer=$1
shift
[[ $layer == loop ]] || die "soak: there is no layer '$layer' (there is: loop)"
seconds=60
ways=(plain tsan asan)
while [[ $# -gt 0 ]]; do
  case $1 in
    --seconds) [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "soak: --seconds needs a number"; seconds=$2; shift 2 ;;
    --only) [[ ${2:-} =~ ^(plain|tsan|asan)$ ]] || die "soak: --only needs plain, tsan or asan"; ways=("$2"); shift 2 ;;
    *) die "soak: unknown option '$1' (there are --seconds and --only)" ;;
  esac
done

install_packages build test
failed=0
for way in "${ways[@]}"; do
  flags=()
  case $way in
    tsan) flags=(--config=tsan) ;;
    asan) flags=(--config=asan --config=ubsan) ;;
  esac
  step "soak: $layer, $way, $seconds s"
  "${BAZEL[@]}" test --show_progress_rate_limit=30 --nocache_test_results --test_output=all --test_timeout=3600 \
    "${flags[@]}" --test_env=ROTA_SOAK_SECONDS="$seconds" -- "//tests/soak:${layer}_soak" || failed=1
done
step "soak: $([[ $failed -eq 0 ]] && echo passed || echo FAILED)"
exit "$failed"
