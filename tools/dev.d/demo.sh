#!/usr/bin/env bash
# starts the files service, sends a real file through it and back, shows its metrics, stops it
source tools/lib/common.sh
source tools/lib/packages.sh
source tools/lib/service.sh

work=$(mktemp -d)
finish() {
  local status=$?
  if [[ -n $SERVICE_PID ]]; then stop_service || true; fi
  if [[ $status -ne 0 ]]; then
    if [[ -s $SERVICE_LOG ]]; then
      echo "the end of the service's log:"
      tail -20 "$SERVICE_LOG"
    fi
    echo "demo FAILED after $SECONDS s"
  fi
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT
SERVICE_LOG=$work/service.log

# The largest file of the repository: it should take more than one chunk.
pick_file() {
  find . \( -name .git -o -name .cache -o -name node_modules \) -prune -o -type f -size +0 -printf '%s %P\n' |
    sort -n | tail -1 | cut -d' ' -f2
}

checksum() { sha256sum "$1" | cut -d' ' -f1; }

# phase_table METRICS
phase_table() {
  awk '
    function label(text, name) { match(text, name "=\"[^\"]*\""); return substr(text, RSTART + length(name) + 2, RLENGTH - length(name) - 3) }
    /^rota_loop_phase_duration_seconds_count\{/ { count[label($1, "phase")] = $2 }
    /^rota_loop_phase_duration_seconds_sum\{/ { sum[label($1, "phase")] = $2 }
    /^rota_loop_refs\{/ { refs[label($1, "kind")] = $2; kinds++ }
    END {
      split("timers pending poll check close", order, " ")
      printf "    %-8s %12s %12s %12s\n", "phase", "times run", "total ms", "mean us"
      for (i = 1; i <= 5; i++) {
        phase = order[i]
        if (phase in count) {
          seen++
          printf "    %-8s %12d %12.3f %12.2f\n", phase, count[phase], sum[phase] * 1e3, count[phase] ? sum[phase] * 1e6 / count[phase] : 0
        }
      }
      printf "\n    %-22s %s\n", "kind of ref", "refs"
      for (kind in refs) printf "    %-22s %d\n", kind, refs[kind]
      exit !(seen == 5 && kinds > 0)
    }' "$1"
}

install_packages build
step "building the files service and its client"
bazel_build //services/files:files //services/files:client
server=$(built //services/files:files)
client=$(built //services/files:client)

step "starting the service"
mkdir "$work/root"
start_service "$server" --root="$work/root" --listen=127.0.0.1:0 --admin=127.0.0.1:0
address=$(service_address grpc)
admin=$(service_address admin)
note "gRPC on $address, metrics on http://$admin/metrics, files below $work/root"

file=$(pick_file)
name=$(basename "$file")
step "uploading $file ($(wc -c <"$file") bytes)"
"$client" "--server=$address" put "$file" "$name"

step "listing"
"$client" "--server=$address" list | sed 's/^/    /'

step "downloading it again in chunks"
"$client" "--server=$address" get "$name" "$work/back"
sent=$(checksum "$file")
received=$(checksum "$work/back")
note "sha256 sent     $sent"
note "sha256 received $received"
[[ $sent == "$received" ]] || die "the file came back different"

step "what the loop did, from /metrics"
curl --silent --show-error --fail --noproxy '*' --max-time 10 "http://$admin/metrics" >"$work/metrics" ||
  die "/metrics did not answer"
phase_table "$work/metrics" || die "/metrics lacks rota_loop_phase_duration_seconds or rota_loop_refs"

step "stopping the service by SIGTERM"
status=0
stop_service || status=$?
[[ $status -eq 0 ]] || die "the service ended with status $status instead of 0"
note "it drained and ended with status 0"

echo
echo "demo passed in $SECONDS s: $name went through the files service and came back the same"
