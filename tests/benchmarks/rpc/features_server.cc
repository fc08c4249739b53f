// Serves grpc.testing.BenchmarkService/UnaryCall on the native transport with one of the stacks of feature_stack.h: the
// features suite. Usage: features_server STACK HOST:PORT

#include <csignal>
#include <cstdio>
#include <memory>

#include "framework/base/steady_clock.h"
#include "framework/loop/event_loop.h"
#include "framework/transport/native/native_server.h"
#include "tests/benchmarks/rpc/feature_stack.h"

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: features_server STACK HOST:PORT\n"), 2;
  std::signal(SIGPIPE, SIG_IGN);
  rota::SteadyClock clock;
  rota::EventLoop loop(clock);
  const std::unique_ptr<benchmarks::FeatureStack> stack = benchmarks::FeatureStack::Make(argv[1], loop);
  if (stack == nullptr) return std::fprintf(stderr, "features_server: there is no stack '%s'\n", argv[1]), 2;
  const std::unique_ptr<rota::Server> server = NewNativeServer(loop, rota::ServerOptions());
  const auto bound = server->Listen({argv[2]}, stack->acceptor());
  if (!bound.ok()) return std::fprintf(stderr, "features_server: %s\n", bound.status().ToString().c_str()), 1;
  std::fprintf(stderr, "event=listening endpoint=grpc address=%s\n", bound->front().c_str());
  return loop.Run();
}
