#ifndef ROTA_TRANSPORT_GRPCPP_BRIDGE_H_
#define ROTA_TRANSPORT_GRPCPP_BRIDGE_H_

#include <grpc/grpc.h>
#include <grpcpp/completion_queue.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "framework/base/callback.h"
#include "framework/loop/event_loop.h"
#include "framework/transport/grpcpp/completions.h"
#include "framework/transport/grpcpp/queues.h"

namespace rota::grpcpp {

// Carries completions from gRPC to the loop: a thread waits for them, takes all that is ready and hands it over with one Post(). Others wait
// where nothing completes, so that gRPC reads from its connections in them: while one is held up by what a peer has sent, another one goes on
// with the rest. On a single core the one that waits reads as well (Queues). On the loop peers take turns.
// Thread: loop.
// Owner:  GrpcppServer; shared with the callbacks that it has posted, which may run after the server is gone.
// Order:  of one peer, what was begun when another operation had come comes after that one; of others any may be first.
// Bound:  none of its own: each call has at most four operations outstanding.
class Bridge : public std::enable_shared_from_this<Bridge> {
 public:
  // `batches` counts the hand-overs, until Stop().
  Bridge(EventLoop& loop, Queues queues, uint64_t& batches);
  // After Stop().
  ~Bridge();

  void Start();
  // Calls `begin`, which begins an operation of the queue on the loop thread. If it is complete by then, as a read of what has come
  // before is, it does not go through a thread, which would have to be woken for it, but waits for its turn all the same.
  template <typename Begin>
  void BeginOperation(Begin begin) {
    grpc_completion_queue_thread_local_cache_init(queue().cq());
    begin();
    TakeAtOnce();
  }
  // Shuts the queues down, completes what they still hold and joins the threads. gRPC's server must be shut down before, so
  // this does not wait for anything of the outside world.
  void Stop();
  // Completes operations here and now until `reached` says so, blocking for them: for a destructor, when the loop may
  // not run any more.
  void CompleteUntil(UniqueFunction<bool()> reached);

  // Where all operations complete.
  grpc::ServerCompletionQueue& queue() { return *queues_.completed; }

 private:
  struct Completed {
    Tag* tag = nullptr;
    bool ok = false;
  };

  void Wait();
  void Read();
  void HandOver(std::span<const Completed> batch);
  void TakeAtOnce();
  void PostReceive();
  void Receive();
  bool GoesOn();
  size_t TakeIncoming();
  void CompletePromised();
  void CompleteNextGuarded();
  void WaitForMore();

  EventLoop& loop_;
  const Queues queues_;

  // Loop thread only.
  uint64_t& batches_;
  Completions ready_;
  std::vector<Completed> taken_;
  // Callbacks of the loop that have yet to run, each for one of ready_.
  size_t promised_ = 0;
  bool receiving_ = false;
  bool stopped_ = false;
  std::vector<std::thread> threads_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Completed> incoming_;  // Guarded by mutex_.
  bool loop_receives_ = false;       // Guarded by mutex_: Receive() will run, or goes on.
  bool waits_ = false;               // Guarded by mutex_: a thread may hand over more.
};

}  // namespace rota::grpcpp

#endif  // ROTA_TRANSPORT_GRPCPP_BRIDGE_H_
