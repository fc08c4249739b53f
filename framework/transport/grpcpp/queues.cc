#include "framework/transport/grpcpp/queues.h"

#include <grpc/grpc.h>

#include "framework/base/cores.h"
#include "framework/base/expose.h"

namespace rota {

// A builder of gRPC C++ makes only queues that are polled; the core below it also makes others.
struct CoreQueue {
  friend constexpr auto MemberOf(CoreQueue);
};
template struct Expose<CoreQueue, &grpc::CompletionQueue::cq_>;

namespace grpcpp {
namespace {

std::unique_ptr<grpc::ServerCompletionQueue> AddQueueThatIsNotPolled(grpc::ServerBuilder& builder) {
  std::unique_ptr<grpc::ServerCompletionQueue> queue = builder.AddCompletionQueue();
  grpc_completion_queue*& core = (*queue).*MemberOf(CoreQueue());
  grpc_completion_queue_shutdown(core);
  grpc_completion_queue_destroy(core);
  const grpc_completion_queue_attributes attributes{GRPC_CQ_CURRENT_VERSION, GRPC_CQ_NEXT, GRPC_CQ_NON_POLLING, nullptr};
  core = grpc_completion_queue_create(grpc_completion_queue_factory_lookup(&attributes), &attributes, nullptr);
  return queue;
}

}  // namespace

Queues AddQueues(grpc::ServerBuilder& builder) {
  if (UsableCores() < 2) return {.completed = builder.AddCompletionQueue(), .polled = nullptr};
  return {.completed = AddQueueThatIsNotPolled(builder), .polled = builder.AddCompletionQueue()};
}

void ShutDown(const Queues& queues) {
  queues.completed->Shutdown();
  if (queues.polled != nullptr) queues.polled->Shutdown();
}

}  // namespace grpcpp
}  // namespace rota
