# What all commands of tools/dev share. Sourced, never run.
set -euo pipefail

# More than one word where somebody sets ROTA_BAZEL to options of their own.
read -ra BAZEL <<<"${ROTA_BAZEL:-bazel}"

# step TEXT: says what comes next, with the seconds since the start.
step() { printf '==> [%3d s] %s\n' "$SECONDS" "$*"; }

note() { printf '    %s\n' "$*"; }

die() {
  printf 'tools/dev: %s\n' "$*" >&2
  exit 1
}

# bazel_build TARGET...
bazel_build() { "${BAZEL[@]}" build --show_progress_rate_limit=5 "$@"; }

# built LABEL: prints the path of what //a/b:c was built to.
built() {
  local label=${1#//}
  printf '%s/%s\n' "$("${BAZEL[@]}" info bazel-bin 2>/dev/null)" "${label/://}"
}
