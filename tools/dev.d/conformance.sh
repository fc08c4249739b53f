#!/usr/bin/env bash
# gRPC's interoperability cases with every client, transport and TLS, and h2spec: prints the matrix
source tools/lib/common.sh
source tools/lib/packages.sh
source tools/lib/node.sh
source tools/lib/go.sh

install_packages build test
find_node
find_go_program interop_client google.golang.org/grpc/interop/client@latest
go_skip=$GO_SKIP_REASON
find_go_program h2spec github.com/summerwind/h2spec/cmd/h2spec@latest
h2spec_skip=$GO_SKIP_REASON

step "building the server and the C++ client"
bazel_build //tests/conformance/interop:interop_server //tests/conformance/interop:cpp_client

step "running"
python3 tests/conformance/matrix.py \
  --server="$(built //tests/conformance/interop:interop_server)" \
  --cpp="$(built //tests/conformance/interop:cpp_client)" \
  --node="$NODE_PATH_FOUND" --node-modules="$ROTA_ROOT/$NODE_PROJECT/node_modules" --node-skip="$NODE_SKIP_REASON" \
  --go="$GO_BIN/interop_client" --go-skip="$go_skip" \
  --h2spec="$GO_BIN/h2spec" --h2spec-skip="$h2spec_skip" "$@"
