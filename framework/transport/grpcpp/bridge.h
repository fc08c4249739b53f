#ifndef ROTA_TRANSPORT_GRPCPP_BRIDGE_H_
#define ROTA_TRANSPORT_GRPCPP_BRIDGE_H_

#include <grpcpp/completion_queue.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "framework/base/callback.h"
#include "framework/base/ring_queue.h"
#include "framework/loop/event_loop.h"

namespace rota::grpcpp {

// One outstanding operation of gRPC. Its address is the tag.
class Tag {
 public:
  // The operation is complete; `ok` as grpc::CompletionQueue::Next() gave it. Runs on the loop thread; nothing of the
  // tag is touched after it.
  virtual void Complete(bool ok) = 0;
  void* pointer() { return this; }

 protected:
  ~Tag() = default;
};

// Carries completions from gRPC to the loop: a thread waits in the completion queue, takes all that is ready and hands it
// over with one Post().
// Thread: loop.
// Owner:  GrpcppServer; shared with the callbacks that it has posted, which may run after the server is gone.
// Order:  as gRPC gave them.
// Bound:  none of its own: each call has at most four operations outstanding.
class Bridge : public std::enable_shared_from_this<Bridge> {
 public:
  // `batches` counts the hand-overs, until Stop().
  Bridge(EventLoop& loop, std::unique_ptr<grpc::ServerCompletionQueue> queue, uint64_t& batches);
  // After Stop().
  ~Bridge();

  void Start();
  // Shuts the queue down, completes what it still holds and joins the thread. gRPC's server must be shut down before, so
  // this does not wait for anything of the outside world.
  void Stop();
  // Completes operations here and now until `reached` says so, blocking for them: for a destructor, when the loop may
  // not run any more.
  void CompleteUntil(UniqueFunction<bool()> reached);

  grpc::ServerCompletionQueue& queue() { return *queue_; }

 private:
  struct Completed {
    Tag* tag = nullptr;
    bool ok = false;
  };

  void RunThread();
  void HandOver(std::vector<Completed>& batch);
  void Receive();
  size_t TakeIncoming();
  void CompleteNext();
  void CompleteNextGuarded();
  void WaitForMore();

  EventLoop& loop_;
  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;

  // Loop thread only.
  uint64_t& batches_;
  RingQueue<Completed> ready_;
  std::vector<Completed> taken_;
  bool stopped_ = false;
  std::thread thread_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Completed> incoming_;  // Guarded by mutex_.
  bool ended_ = false;               // Guarded by mutex_: the thread hands over no more.
};

}  // namespace rota::grpcpp

#endif  // ROTA_TRANSPORT_GRPCPP_BRIDGE_H_
