// The server that the interoperability clients of gRPC call: grpc.testing.TestService.

#include "framework/rota.h"
#include "tests/conformance/interop/test_service.h"

int main(int argc, char** argv) {
  return rota::App("interop", "The server of gRPC's interoperability tests (grpc.testing.TestService).")
      .Serve<interop::TestService>(rota::ServeOptions{.interleave = true})
      .Main(argc, argv);
}
