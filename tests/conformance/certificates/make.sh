#!/usr/bin/env bash
# Makes what tests of TLS need in a folder: ca.pem, server.pem and server.key (localhost, 127.0.0.1, ::1), client.pem and
# client.key, all signed by the CA; stranger.pem and stranger.key, signed by nobody. usage: make.sh FOLDER
set -euo pipefail
cd "$1"

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }

# signed NAME EXTENSION...
signed() {
  local name=$1
  shift
  new_key "$name.key"
  openssl req -new -key "$name.key" -subj "/CN=rota test $name" -out "$name.csr"
  openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out "$name.pem" \
    -extfile <(printf '%s\n' "$@") 2>/dev/null
  rm "$name.csr"
}

new_key ca.key
openssl req -x509 -new -key ca.key -subj "/CN=rota test CA" -days 2 -out ca.pem -addext "keyUsage=critical,keyCertSign"
signed server "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
signed client "extendedKeyUsage=clientAuth"
new_key stranger.key
openssl req -x509 -new -key stranger.key -subj "/CN=stranger" -days 2 -out stranger.pem
