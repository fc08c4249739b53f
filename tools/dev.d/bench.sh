#!/usr/bin/env bash
# measures a layer against others: bench loop|observe|rpc|features [--json FILE] [--rounds N] [--only NAMES] [--plot FILE]
source tools/lib/common.sh
source tools/lib/packages.sh

# The Python of the system: the one that has the packages of the system.
bench=(env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m tools.bench.main "$@")

[[ $# -ge 1 ]] || die "bench: which layer? There are: $(find tools/bench/suites -name '[a-z]*.py' -printf '%f\n' | sed 's/\.py$//' | sort | xargs)"
install_packages build bench
if [[ $1 == rpc || $1 == features ]]; then install_packages test; fi
if [[ $1 == rpc ]]; then
  source tools/lib/node.sh
  find_node
fi
# Also the first look at the arguments.
read -ra targets <<<"$("${bench[@]}" --targets | xargs)"
step "building what is measured, optimized"
not_built=
if ! bazel_build --config=opt --keep_going "${targets[@]}"; then
  # What does not build is not measured, even if an older one is there.
  for target in "${targets[@]}"; do
    bazel_build --config=opt "$target" 2>/dev/null || not_built+=$target,
  done
fi
bin=$("${BAZEL[@]}" info --config=opt bazel-bin 2>/dev/null)
# A server that waits for the next build still looks around many times a second.
"${BAZEL[@]}" shutdown
step "measuring $1"
# In the place of this shell, so that what ends the command reaches it.
exec "${bench[@]}" --bin="$bin" --not-built="$not_built"
