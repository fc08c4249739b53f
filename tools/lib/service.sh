# Starts and stops a service for the demo and for `run`. Sourced, never run.

SERVICE_PID=
SERVICE_LOG=

# start_service BINARY FLAG...: in the background; its log goes to $SERVICE_LOG.
start_service() {
  : >"$SERVICE_LOG"
  "$@" 2>"$SERVICE_LOG" &
  SERVICE_PID=$!
}

# service_address ENDPOINT: waits for its event=listening line and prints the address in it.
service_address() {
  local deadline=$((SECONDS + 20)) address
  while ((SECONDS < deadline)); do
    address=$(sed -n "/event=listening/{/endpoint=$1\( \|\$\)/s/.*address=\([^ ]*\).*/\1/p}" "$SERVICE_LOG" | head -1)
    if [[ -n $address ]]; then
      echo "$address"
      return 0
    fi
    kill -0 "$SERVICE_PID" 2>/dev/null || break
    sleep 0.05
  done
  echo "the service did not say where its endpoint '$1' listens; its log:" >&2
  tail -20 "$SERVICE_LOG" >&2
  return 1
}

# stop_service: SIGTERM, then waits; returns the exit status of the service.
stop_service() {
  local pid=$SERVICE_PID status=0
  SERVICE_PID=
  kill -TERM "$pid" 2>/dev/null || true
  # A service that does not end by itself must not hold up whoever called.
  (sleep 30 && kill -KILL "$pid") >/dev/null 2>&1 &
  local watchdog=$!
  wait "$pid" || status=$?
  kill "$watchdog" 2>/dev/null || true
  wait "$watchdog" 2>/dev/null || true
  return "$status"
}
