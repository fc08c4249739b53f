# Programs written in Go that tests call, fetched by the go command into .cache/go/bin. Sourced, never run.
# None is required: GO_SKIP_REASON says what is missing, and what needs it is skipped with it.

GO_BIN=.cache/go/bin
GO_SKIP_REASON=

# find_go_program NAME PACKAGE: leaves it in $GO_BIN/NAME, or sets GO_SKIP_REASON.
find_go_program() {
  local name=$1 package=$2
  GO_SKIP_REASON=
  if [[ -x $GO_BIN/$name ]]; then return 0; fi
  if ! command -v go >/dev/null; then
    GO_SKIP_REASON="Go is not installed"
  else
    step "Go: fetching $package"
    local folder
    folder=$(mktemp -d)
    if GOBIN=$folder GOFLAGS=-buildvcs=false timeout 300 go install "$package" >"$folder/log" 2>&1; then
      mkdir -p "$GO_BIN"
      mv "$folder/$(basename "${package%@*}")" "$GO_BIN/$name"
    else
      GO_SKIP_REASON="go could not install $package: $(tail -1 "$folder/log")"
    fi
    rm -rf "$folder"
  fi
  if [[ -n $GO_SKIP_REASON ]]; then step "Go: $GO_SKIP_REASON"; fi
}
