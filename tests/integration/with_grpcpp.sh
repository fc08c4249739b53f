#!/usr/bin/env bash
# Runs a test whose services serve by the gRPC C++ library; see service_test.bzl.
ROTA_TRANSPORT=grpcpp exec "$@"
