#include "framework/transport/grpcpp/bridge.h"

#include <grpcpp/impl/codegen/completion_queue_tag.h>

#include <chrono>
#include <exception>
#include <utility>

#include "framework/base/check.h"
#include "framework/base/log.h"

namespace rota::grpcpp {
namespace {

// Bounds how long the first of a batch waits for the last.
constexpr size_t kMaxBatch = 256;
constexpr std::chrono::seconds kPatience(5);

}  // namespace

Bridge::Bridge(EventLoop& loop, std::unique_ptr<grpc::ServerCompletionQueue> queue, uint64_t& batches)
    : loop_(loop), queue_(std::move(queue)), batches_(batches) {}

Bridge::~Bridge() { ROTA_CHECK(threads_.empty(), "a bridge is stopped before it is destroyed"); }

void Bridge::Start() {
  const size_t threads = Threads();
  running_ = threads;
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { RunThread(); });
}

// ---- The threads of the bridge.

void Bridge::RunThread() {
  const std::chrono::system_clock::time_point now_or_never{};
  std::vector<Completed> batch;
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) {
    batch.push_back({static_cast<Tag*>(tag), ok});
    while (batch.size() < kMaxBatch && queue_->AsyncNext(&tag, &ok, now_or_never) == grpc::CompletionQueue::GOT_EVENT) {
      batch.push_back({static_cast<Tag*>(tag), ok});
    }
    HandOver(batch);
    batch.clear();
  }
  const std::lock_guard lock(mutex_);
  --running_;
  changed_.notify_one();
}

// Also on the loop thread, by TakeAtOnce().
void Bridge::HandOver(std::span<const Completed> batch) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    // While the loop has yet to take what waits, it takes this with it.
    first = incoming_.empty();
    incoming_.insert(incoming_.end(), batch.begin(), batch.end());
    changed_.notify_one();
  }
  if (first) loop_.Post([self = shared_from_this()] { self->Receive(); });
}

// ---- The loop thread.

// As CompletionQueue::DoThenAsyncNext() does, which is for those who have no thread that waits: it would go on to wait itself.
void Bridge::TakeAtOnce() {
  void* tag = nullptr;
  int ok = 0;
  if (grpc_completion_queue_thread_local_cache_flush(queue_->cq(), &tag, &ok) == 0) return;
  bool success = ok != 0;
  if (!static_cast<grpc::internal::CompletionQueueTag*>(tag)->FinalizeResult(&tag, &success)) return;
  const Completed completed{static_cast<Tag*>(tag), success};
  HandOver({&completed, 1});
}

void Bridge::Receive() {
  const size_t taken = stopped_ ? 0 : TakeIncoming();
  if (taken == 0) return;
  ++batches_;
  // Each completion is a callback of its own: it counts in the budget of the phase, and ticks run after it. What is
  // complete stays here meanwhile, where Stop() finds it.
  for (size_t i = 0; i < taken; ++i) {
    loop_.RunCompletion(Operation(loop_, RefKind::kIo), [self = shared_from_this()] { self->CompleteNext(); });
  }
}

size_t Bridge::TakeIncoming() {
  {
    const std::lock_guard lock(mutex_);
    taken_.swap(incoming_);
  }
  const size_t count = taken_.size();
  for (const Completed& completed : taken_) ready_.Push(completed);
  taken_.clear();
  return count;
}

void Bridge::CompleteNext() {
  if (ready_.empty()) return;
  const Completed completed = ready_.Pop();
  completed.tag->Complete(completed.ok);
}

void Bridge::CompleteNextGuarded() {
  // A destructor is waiting: no exception of a sink may pass.
  try {
    CompleteNext();
  } catch (const std::exception& exception) {
    Log(LogLevel::kError, "exception_while_stopping", {{"transport", "grpcpp"}, {"what", exception.what()}});
  } catch (...) {
    Log(LogLevel::kError, "exception_while_stopping", {{"transport", "grpcpp"}, {"what", "not a std::exception"}});
  }
}

void Bridge::WaitForMore() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kPatience, [this] { return !incoming_.empty() || running_ == 0; })) {
    Log(LogLevel::kWarn, "slow_stop", {{"transport", "grpcpp"}, {"waits_for", "gRPC"}});
  }
}

void Bridge::CompleteUntil(UniqueFunction<bool()> reached) {
  while (!reached()) {
    if (!ready_.empty()) {
      CompleteNextGuarded();
    } else if (TakeIncoming() == 0) {
      WaitForMore();
    }
  }
}

void Bridge::Stop() {
  queue_->Shutdown();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  TakeIncoming();
  while (!ready_.empty()) CompleteNextGuarded();
  stopped_ = true;
}

}  // namespace rota::grpcpp
