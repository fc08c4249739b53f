# Programs written in Go that tests call, fetched by the go command into .cache/go/bin. Sourced, never run.
# GO_SKIP_REASON says what is missing; who sources this decides whether that is an error.

GO_BIN=.cache/go/bin
GO_PROGRAM=
GO_SKIP_REASON=

# find_go_program PACKAGE@VERSION: sets GO_PROGRAM to where it is, or GO_SKIP_REASON. A file for each version, so that none is taken for another.
find_go_program() {
  local package=$1
  GO_SKIP_REASON=
  GO_PROGRAM=$GO_BIN/${package//\//_}
  if [[ -x $GO_PROGRAM ]]; then return 0; fi
  if ! command -v go >/dev/null; then
    GO_SKIP_REASON="Go is not installed"
  else
    step "Go: fetching $package"
    local folder
    folder=$(mktemp -d)
    if GOBIN=$folder GOFLAGS=-buildvcs=false timeout 300 go install "$package" >"$folder/log" 2>&1; then
      mkdir -p "$GO_BIN"
      mv "$folder/$(basename "${package%@*}")" "$GO_PROGRAM"
    else
      GO_SKIP_REASON="go could not install $package: $(tail -1 "$folder/log")"
    fi
    rm -rf "$folder"
  fi
  if [[ -n $GO_SKIP_REASON ]]; then step "Go: $GO_SKIP_REASON"; fi
}
