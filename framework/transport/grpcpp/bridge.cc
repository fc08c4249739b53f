#include "framework/transport/grpcpp/bridge.h"

#include <grpcpp/impl/codegen/completion_queue_tag.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "framework/base/check.h"
#include "framework/base/log.h"

namespace rota::grpcpp {
namespace {

// Bounds how long the first of a batch waits for the last.
constexpr size_t kMaxBatch = 256;
// Of the threads that read: one is left while two are busy with what two peers have sent. More of them take the core from the loop where many
// peers have a little to say (docs/adr/0013-grpcpp-and-what-peers-send.md).
constexpr size_t kReaders = 3;
constexpr std::chrono::seconds kPatience(5);

// So many complete before it is seen what has come meanwhile, so that a peer which has sent much keeps nobody waiting for more of it.
constexpr size_t kAtOnce = 32;

}  // namespace

Bridge::Bridge(EventLoop& loop, Queues queues, uint64_t& batches) : loop_(loop), queues_(std::move(queues)), batches_(batches) {}

Bridge::~Bridge() { ROTA_CHECK(threads_.empty(), "a bridge is stopped before it is destroyed"); }

void Bridge::Start() {
  waits_ = true;
  threads_.emplace_back([this] { Wait(); });
  const size_t readers = queues_.polled != nullptr ? kReaders : 0;
  for (size_t i = 0; i < readers; ++i) threads_.emplace_back([this] { Read(); });
}

// ---- The threads of the bridge.

void Bridge::Wait() {
  const std::chrono::system_clock::time_point now_or_never{};
  std::vector<Completed> batch;
  void* tag = nullptr;
  bool ok = false;
  while (queue().Next(&tag, &ok)) {
    batch.push_back({static_cast<Tag*>(tag), ok});
    while (batch.size() < kMaxBatch && queue().AsyncNext(&tag, &ok, now_or_never) == grpc::CompletionQueue::GOT_EVENT) {
      batch.push_back({static_cast<Tag*>(tag), ok});
    }
    HandOver(batch);
    batch.clear();
  }
  const std::lock_guard lock(mutex_);
  waits_ = false;
  changed_.notify_one();
}

// All the work is done in there.
void Bridge::Read() {
  void* tag = nullptr;
  bool ok = false;
  const bool completed = queues_.polled->Next(&tag, &ok);
  ROTA_CHECK(!completed, "an operation has completed where nobody waits for it");
}

// Also on the loop thread, by TakeAtOnce().
void Bridge::HandOver(std::span<const Completed> batch) {
  bool asleep = false;
  {
    const std::lock_guard lock(mutex_);
    asleep = !std::exchange(loop_receives_, true);
    incoming_.insert(incoming_.end(), batch.begin(), batch.end());
    changed_.notify_one();
  }
  if (asleep) PostReceive();
}

void Bridge::PostReceive() {
  loop_.Post([self = shared_from_this()] { self->Receive(); });
}

// ---- The loop thread.

// As CompletionQueue::DoThenAsyncNext() does, which is for those who have no thread that waits: it would go on to wait itself.
void Bridge::TakeAtOnce() {
  void* tag = nullptr;
  int ok = 0;
  if (grpc_completion_queue_thread_local_cache_flush(queue().cq(), &tag, &ok) == 0) return;
  bool success = ok != 0;
  if (!static_cast<grpc::internal::CompletionQueueTag*>(tag)->FinalizeResult(&tag, &success)) return;
  const Completed completed{static_cast<Tag*>(tag), success};
  HandOver({&completed, 1});
}

void Bridge::Receive() {
  // The last of what is promised goes on with it.
  if (stopped_ || promised_ > 0) return;
  receiving_ = true;
  if (TakeIncoming() > 0) ++batches_;
  // As many as there are now: what they bring about has its turn in the next poll.
  for (size_t left = ready_.size(); left > 0 && !ready_.empty() && promised_ == 0;) {
    const size_t count = std::min({left, ready_.size(), kAtOnce});
    left -= count;
    // Each completion is a callback of its own: it counts in the budget of the phase, and ticks run after it. What is
    // complete stays here meanwhile, where Stop() finds it.
    for (size_t i = 0; i < count; ++i) {
      ++promised_;
      loop_.RunCompletion(Operation(loop_, RefKind::kIo), [self = shared_from_this()] { self->CompletePromised(); });
    }
    if (left > 0 && promised_ == 0 && !stopped_ && TakeIncoming() > 0) ++batches_;
  }
  receiving_ = false;
  if (promised_ == 0 && GoesOn()) PostReceive();
}

bool Bridge::GoesOn() {
  const std::lock_guard lock(mutex_);
  loop_receives_ = !stopped_ && (!ready_.empty() || !incoming_.empty());
  return loop_receives_;
}

void Bridge::CompletePromised() {
  // The last of those that were put off, for want of time.
  if (--promised_ == 0 && !receiving_) PostReceive();
  if (!ready_.empty()) ready_.CompleteNext();
}

size_t Bridge::TakeIncoming() {
  {
    const std::lock_guard lock(mutex_);
    taken_.swap(incoming_);
  }
  const size_t count = taken_.size();
  for (const Completed& completed : taken_) ready_.Add(*completed.tag, completed.ok);
  taken_.clear();
  return count;
}

void Bridge::CompleteNextGuarded() {
  // A destructor is waiting: no exception of a sink may pass.
  try {
    ready_.CompleteNext();
  } catch (const std::exception& exception) {
    Log(LogLevel::kError, "exception_while_stopping", {{"transport", "grpcpp"}, {"what", exception.what()}});
  } catch (...) {
    Log(LogLevel::kError, "exception_while_stopping", {{"transport", "grpcpp"}, {"what", "not a std::exception"}});
  }
}

void Bridge::WaitForMore() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kPatience, [this] { return !incoming_.empty() || !waits_; })) {
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
  ShutDown(queues_);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  TakeIncoming();
  while (!ready_.empty()) CompleteNextGuarded();
  stopped_ = true;
}

}  // namespace rota::grpcpp
