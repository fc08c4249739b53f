// Serves grpc.testing.BenchmarkService with Rota: the subject `rota` of the rpc benchmarks. Flags of every service.

#include <chrono>
#include <functional>

#include "framework/rota.h"
#include "tests/benchmarks/rpc/benchmark_service.h"

int main(int argc, char** argv) {
  rota::Duration lookup_time = std::chrono::milliseconds(5);
  rota::App app("rota_server", "grpc.testing.BenchmarkService, to be measured.");
  app.Flag("lookup-time", &lookup_time, "how long a call that asks for the id of the server blocks a worker");
  app.Serve<benchmarks::BenchmarkService>(rota::ServeOptions{.interleave = true}, std::cref(lookup_time));
  return app.Main(argc, argv);
}
