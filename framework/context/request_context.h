#ifndef ROTA_CONTEXT_REQUEST_CONTEXT_H_
#define ROTA_CONTEXT_REQUEST_CONTEXT_H_

#include <any>
#include <memory_resource>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/base/block_pool.h"
#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/context/cancellation.h"
#include "framework/context/metadata.h"
#include "framework/context/trace_parent.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/deadline_queue.h"
#include "framework/loop/event_loop.h"

namespace rota {

class WorkerPool;
template <typename F>
class JobAwaiter;

// Names a value of type T that a context carries. Make one per purpose, with static storage: its address is the key.
template <typename T>
class ContextKey {
 public:
  ContextKey() = default;
  ContextKey(const ContextKey&) = delete;
  ContextKey& operator=(const ContextKey&) = delete;
};

// Everything that belongs to one request: identity, deadline, cancellation, metadata, trace, values and memory. The
// loop carries it from each scheduling call to the callback, so code finds it with Current() and nowhere else.
// Thread: loop. A job may read id(), deadline(), metadata(), peer(), method() and trace_parent(), which do not change.
// Owner:  references: the call, and every callback that was scheduled under it. It must not outlive its loop.
class RequestContext final : public ContextBase, public Pooled {
 public:
  struct Start {
    std::string id = {};
    TimePoint deadline = kNoDeadline;
    Metadata metadata = {};
    TraceParent trace_parent = {};
    std::string peer = {};
    // Must outlive the context, and every child of it: the names of method tables have static storage.
    std::string_view method = {};
    // Where the jobs of the request run; null where there are none. Must outlive the context.
    WorkerPool* workers = nullptr;
  };

  // Its deadline does not keep the loop alive; at the deadline it cancels with DEADLINE_EXCEEDED. A context whose
  // deadline has passed is born cancelled.
  RequestContext(EventLoop& loop, Start&& start);

  // The context of the running code, or null outside of any request.
  static RequestContext* Current() { return static_cast<RequestContext*>(CurrentContext()); }

  std::string_view id() const { return start_.id; }
  std::string_view peer() const { return start_.peer; }
  std::string_view method() const { return start_.method; }
  const Metadata& metadata() const { return start_.metadata; }
  const TraceParent& trace_parent() const { return start_.trace_parent; }
  EventLoop& loop() const { return loop_; }
  WorkerPool* workers() const { return start_.workers; }

  // What the answer carries to the caller.
  Metadata& response_headers() { return response_headers_; }
  Metadata& response_trailers() { return response_trailers_; }

  // Whether the request, or the message of a stream that was read last, came compressed.
  bool request_compressed() const { return request_compressed_; }
  void set_request_compressed(bool compressed) { request_compressed_ = compressed; }
  // Whether the answers that are sent from here on are compressed; for a peer that takes no compression they never are. The
  // first word on it must come before the first answer, because an encoding is announced in the headers. Without a word
  // (nullopt) there is none.
  std::optional<bool> compress_responses() const { return compress_responses_; }
  void CompressResponses(bool compress) { compress_responses_ = compress; }

  TimePoint deadline() const { return start_.deadline; }
  // Zero once the deadline has passed; Duration::max() without one.
  Duration Remaining() const;

  // OK while the request lives; then why it ended: CANCELLED or DEADLINE_EXCEEDED.
  const Status& status() const { return status_; }
  bool cancelled() const { return !status_.ok(); }
  // Ends the request and everything that waits for it. The first status counts; OK breaks an invariant.
  void Cancel(Status status);
  // `node` hears of the cancellation; at once when it has been.
  void Subscribe(CancelNode& node);

  // A context for work done for this one, such as a question to an actor: same id, metadata and trace under a new
  // span, the earlier of the two deadlines, values of its own over those of this one; cancelled with it.
  Ref<RequestContext> Child(TimePoint deadline);

  // A context for work that nobody waits for, such as a message without an answer: same id, metadata and trace under a
  // new span, but no deadline, no values, and not cancelled with this one.
  Ref<RequestContext> Detach() const;

  // `co_await context.RunBlocking(function)` runs `function` as a job on the worker pool and gives back what it returns.
  // Defined in framework/actor/run_blocking.h, which a caller includes.
  template <typename F>
  JobAwaiter<F> RunBlocking(F function, const std::source_location& where = std::source_location::current());

  // The value that `key` names here or in the nearest parent, or null.
  template <typename T>
  T* Get(const ContextKey<T>& key) {
    return std::any_cast<T>(Find(&key));
  }
  template <typename T>
  void Set(const ContextKey<T>& key, T value) {
    Replace(&key, std::any(std::move(value)));
  }

  // Memory that is freed at once with the context. Not for a job.
  std::pmr::memory_resource& arena() { return arena_; }

 private:
  class ParentWatch final : public CancelNode {
   public:
    explicit ParentWatch(RequestContext& child) : child_(child) {}
    void OnCancelled(const Status& status) override { child_.Cancel(status); }

   private:
    RequestContext& child_;
  };

  class OwnDeadline final : public Deadline {
   public:
    explicit OwnDeadline(RequestContext& context) : Deadline(context.loop_.deadlines()), context_(context) {}

   private:
    void OnDeadline() override { context_.OnDeadline(); }

    RequestContext& context_;
  };

  ~RequestContext() override = default;
  void OnDeadline();
  std::any* Find(const void* key);
  void Replace(const void* key, std::any value);

  // Constant after construction.
  EventLoop& loop_;
  const Start start_;
  Ref<RequestContext> parent_;

  Status status_;
  OwnDeadline own_deadline_{*this};
  CancelList cancel_list_;
  ParentWatch parent_watch_{*this};
  Metadata response_headers_;
  Metadata response_trailers_;
  bool request_compressed_ = false;
  std::optional<bool> compress_responses_;
  std::pmr::monotonic_buffer_resource arena_;
  std::vector<std::pair<const void*, std::any>> values_;
};

}  // namespace rota

#endif  // ROTA_CONTEXT_REQUEST_CONTEXT_H_
