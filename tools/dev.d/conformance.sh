#!/usr/bin/env bash
# gRPC's interoperability cases with every client, transport and TLS; h2spec; both transports compared [--allow-missing]
source tools/lib/common.sh
source tools/lib/packages.sh
source tools/lib/node.sh
source tools/lib/go.sh

install_packages build test
find_node
find_go_program google.golang.org/grpc/interop/client@v1.85.0
go_client=$GO_PROGRAM go_skip=$GO_SKIP_REASON
find_go_program github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible
h2spec=$GO_PROGRAM h2spec_skip=$GO_SKIP_REASON

step "building the server, the C++ client and the generator of calls"
bazel_build //tests/conformance/differential:differential_test //tests/conformance/interop:interop_server //tests/conformance/interop:cpp_client

differential=$(mktemp)
trap 'rm -f "$differential"' EXIT
status=0
step "interoperability and h2spec"
python3 tests/conformance/matrix.py \
  --server="$(built //tests/conformance/interop:interop_server)" \
  --cpp="$(built //tests/conformance/interop:cpp_client)" \
  --node="$NODE_PATH_FOUND" --node-modules="$ROTA_ROOT/$NODE_PROJECT/node_modules" --node-skip="$NODE_SKIP_REASON" \
  --go="$go_client" --go-skip="$go_skip" \
  --h2spec="$h2spec" --h2spec-skip="$h2spec_skip" "$@" || status=1

step "the same bytes for both transports"
"${BAZEL[@]}" test --nocache_test_results --test_output=all --test_env=ROTA_SEEDS=1-5000 //tests/conformance/differential:differential_test \
  >"$differential" 2>&1 || status=1
grep -aE '^(differential:|    [0-9]+ explained|seed |  native:|  grpcpp:)' "$differential" || tail -20 "$differential"
exit "$status"
