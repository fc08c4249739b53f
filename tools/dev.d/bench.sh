#!/usr/bin/env bash
# measures a layer against others: bench loop|rpc [--json FILE] [--rounds N] [--only NAMES]
source tools/lib/common.sh
source tools/lib/packages.sh

# The Python of the system: the one that has the packages of the system.
bench() { PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m tools.bench.main "$@"; }

[[ $# -ge 1 ]] || die "bench: which layer? There are: $(find tools/bench/suites -name '[a-z]*.py' -printf '%f\n' | sed 's/\.py$//' | sort | xargs)"
install_packages build bench
if [[ $1 == rpc ]]; then
  source tools/lib/node.sh
  install_packages test
  find_node
fi
# Also the first look at the arguments.
targets=$(bench "$@" --targets)
step "building what is measured, optimized"
bazel_build --config=opt $targets
bin=$("${BAZEL[@]}" info --config=opt bazel-bin 2>/dev/null)
step "measuring $1"
bench "$@" --bin="$bin"
