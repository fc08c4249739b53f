#!/usr/bin/env bash
# installs the Debian packages that are missing, and Node's gRPC client for the tests
source tools/lib/common.sh
source tools/lib/packages.sh
source tools/lib/node.sh

install_packages build test
find_node
step "set up"
