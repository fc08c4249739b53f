# Node and its gRPC client, with which tests call the services as a stranger would. Sourced, never run.
# Neither is required: NODE_SKIP_REASON says what is missing, and the tests that need it are skipped with it.

NODE_PROJECT=tests/integration/node
NODE_PATH_FOUND=
NODE_SKIP_REASON=

node_modules_are_current() {
  [[ -f $NODE_PROJECT/node_modules/.package-lock.json && ! $NODE_PROJECT/package-lock.json -nt $NODE_PROJECT/node_modules/.package-lock.json ]]
}

find_node() {
  if ! NODE_PATH_FOUND=$(command -v node); then
    NODE_SKIP_REASON="Node is not installed"
  elif [[ $(node -p 'process.versions.node.split(".")[0]') -lt 18 ]]; then
    NODE_SKIP_REASON="Node $(node --version) is older than 18"
  elif node_modules_are_current; then
    step "Node: $(node --version) and @grpc/grpc-js are there"
  elif ! command -v npm >/dev/null; then
    NODE_SKIP_REASON="npm is not installed, so @grpc/grpc-js cannot be fetched"
  else
    step "Node: fetching @grpc/grpc-js"
    (cd "$NODE_PROJECT" && timeout 180 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) ||
      NODE_SKIP_REASON="npm could not fetch @grpc/grpc-js"
    # npm keeps the time of the archive; ours is compared with the lock file.
    if [[ -z $NODE_SKIP_REASON ]]; then touch "$NODE_PROJECT/node_modules/.package-lock.json"; fi
  fi
  if [[ -n $NODE_SKIP_REASON ]]; then step "Node: $NODE_SKIP_REASON; tests that need it will be skipped"; fi
}

# The flags by which Bazel hands the above to the tests.
node_test_env() {
  printf '%s\n' "--test_env=ROTA_NODE=$NODE_PATH_FOUND" "--test_env=ROTA_NODE_MODULES=$ROTA_ROOT/$NODE_PROJECT/node_modules" \
    "--test_env=ROTA_NODE_SKIP_REASON=$NODE_SKIP_REASON"
}
