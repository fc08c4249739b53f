#!/usr/bin/env bash
# builds everything, or the given Bazel patterns
source tools/lib/common.sh
source tools/lib/packages.sh

install_packages build
step "building ${*:-everything}"
bazel_build "${@:-//...}"
step "built"
