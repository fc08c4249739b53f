#ifndef ROTA_TRANSPORT_GRPCPP_QUEUES_H_
#define ROTA_TRANSPORT_GRPCPP_QUEUES_H_

#include <grpcpp/completion_queue.h>
#include <grpcpp/server_builder.h>

#include <memory>

namespace rota::grpcpp {

// The completion queues of a server. Where there is more than one core these are two: gRPC reads from connections in the threads that wait in
// `polled`, and nothing ever completes there; all operations complete in `completed`, where nobody reads. So no thread that is to hear of
// a completion is busy with what a peer has sent. And a thread that reads goes on with it until it is done: gRPC would break off as soon as
// anything completes in the queue of that thread, and leave the rest to a thread which all connections share (docs/adr/0013-grpcpp-and-what-peers-send.md).
// On a single core a second thread to wake costs more than that: `completed` is polled as well, and the other one is null.
// Owner: the bridge.
struct Queues {
  std::unique_ptr<grpc::ServerCompletionQueue> completed;
  std::unique_ptr<grpc::ServerCompletionQueue> polled;
};

// Those of the server that `builder` builds, which has no others, on the cores on which this thread may run.
Queues AddQueues(grpc::ServerBuilder& builder);

// After the server. Once what they hold has been taken, nobody waits in them any more.
void ShutDown(const Queues& queues);

}  // namespace rota::grpcpp

#endif  // ROTA_TRANSPORT_GRPCPP_QUEUES_H_
