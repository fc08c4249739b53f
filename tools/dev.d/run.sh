#!/usr/bin/env bash
# runs a service (files, chat) until Ctrl-C and prints how to call it: run SERVICE [FLAGS]
source tools/lib/common.sh
source tools/lib/packages.sh
source tools/lib/service.sh

services() { find services -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort | xargs; }

[[ $# -ge 1 ]] || die "run: which service? There are: $(services)"
service=$1
shift
[[ $service =~ ^[a-z_]+$ && -d services/$service ]] || die "run: there is no service '$service'; there are: $(services)"

flags=(--listen=127.0.0.1:0 --admin=127.0.0.1:0)
if [[ $service == files ]]; then
  mkdir -p .cache/run/files
  flags+=(--root=.cache/run/files)
fi
targets=("//services/$service:$service")
if grep -q 'name = "client"' "services/$service/BUILD.bazel"; then targets+=("//services/$service:client"); fi

# print_calls ADDRESS: the command lines to copy.
print_calls() {
  local client
  if [[ ${#targets[@]} -gt 1 ]]; then
    client=$(built "${targets[1]}")
    if [[ $service == files ]]; then
      note "$client --server=$1 put README.md"
      note "$client --server=$1 list"
      note "$client --server=$1 stat README.md"
      note "$client --server=$1 get README.md /tmp/README.md"
      note "$client --server=$1 remove README.md"
      note "$client --server=$1 watch"
    else
      note "$client --server=$1"
    fi
  fi
  if command -v grpcurl >/dev/null; then
    note "grpcurl -plaintext $1 list"
    note "grpcurl -plaintext $1 grpc.health.v1.Health/Check"
  fi
}

work=$(mktemp -d)
SERVICE_LOG=$work/service.log
trap 'if [[ -n $SERVICE_PID ]]; then stop_service || true; fi; rm -rf "$work"' EXIT

install_packages build
step "building the $service service"
bazel_build "${targets[@]}"

step "starting it; Ctrl-C stops it"
# In its own process group: Ctrl-C reaches this script alone, which then stops the service in order.
set -m
start_service "$(built "${targets[0]}")" "${flags[@]}" "$@"
set +m
address=$(service_address grpc)
admin=$(service_address admin)
step "it listens on $address; call it like this:"
print_calls "$address"
note "curl http://$admin/metrics"

stopped=false
trap 'stopped=true' INT TERM
tail -n +1 -f --pid="$SERVICE_PID" "$SERVICE_LOG" &
status=0
wait "$SERVICE_PID" || status=$?
if $stopped; then
  step "stopping the service by SIGTERM"
  status=0
  stop_service || status=$?
else
  SERVICE_PID=
fi
step "the service ended with status $status"
exit "$status"
