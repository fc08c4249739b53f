#ifndef ROTA_TESTS_BENCHMARKS_RPC_FEATURE_STACK_H_
#define ROTA_TESTS_BENCHMARKS_RPC_FEATURE_STACK_H_

#include <memory>
#include <string_view>
#include <vector>

#include "framework/loop/event_loop.h"
#include "framework/rpc/transport.h"

namespace benchmarks {

// What a unary call meets between its transport and the answer. Made of the classes of the product; each can be left out, to
// see what it costs.
struct Features {
  // A RequestContext of its own: id, trace, the timer of the deadline, cancellation. Without: one that all calls share.
  bool context = true;
  // The request is decoded, the method of the actor called (a coroutine), the answer encoded. Without: the bytes go back.
  bool protobuf = true;
  // The call waits in the mailbox of the actor for its turn. Without: it is handled at once.
  bool mailbox = true;
  // Two readings of the clock and MethodStats. Without: no latency, and what else is counted is never looked at.
  bool metrics = true;
};

// Answers the calls of grpc.testing.BenchmarkService/UnaryCall. By name:
//
//     all           the product: Dispatcher and ServerCall
//     copy          ServerCall written again with Features, all of them on. It costs what `all` costs, or the copy is out of date
//     no_context, no_protobuf, no_mailbox, no_metrics    the copy without one of them
//     transport     nothing at all: the bytes go back from the sink, and not even the path is looked at
//
// Thread: loop.
// Owner:  main(). Destroyed after the server that it answers, and before the loop.
class FeatureStack {
 public:
  virtual ~FeatureStack() = default;
  virtual rota::CallAcceptor& acceptor() = 0;

  static std::vector<std::string_view> Names();
  // Null for an unknown name.
  static std::unique_ptr<FeatureStack> Make(std::string_view name, rota::EventLoop& loop);
};

}  // namespace benchmarks

#endif  // ROTA_TESTS_BENCHMARKS_RPC_FEATURE_STACK_H_
