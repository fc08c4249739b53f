#ifndef ROTA_WORKER_LOOP_WAIT_H_
#define ROTA_WORKER_LOOP_WAIT_H_

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/base/status_or.h"
#include "framework/worker/pending_wait.h"

namespace rota {

// What a job gets for its wait: a Status where there is no value.
template <typename R>
using LoopAnswer = std::conditional_t<std::is_void_v<R>, Status, StatusOr<R>>;

namespace internal {

template <typename R>
class AnswerWait : public LoopWait {
 public:
  using LoopWait::LoopWait;
  void Fail(Status status) final { answer.emplace(std::move(status)); }

  std::optional<LoopAnswer<R>> answer;
};

}  // namespace internal

// The answer that the loop owes a job. The first Set() counts; dropping the promise without one is an answer too
// (CANCELLED). An answer that nobody waits for any more is dropped.
// Thread: loop.
// Owner:  a value, moved to where the answer will be known. May outlive the pool, not the loop.
template <typename R>
class LoopPromise {
 public:
  // For WaitOnLoop(); not for other code.
  explicit LoopPromise(Ref<internal::PendingWait> pending) : pending_(std::move(pending)) {}
  LoopPromise(LoopPromise&&) noexcept = default;
  LoopPromise& operator=(LoopPromise&& other) noexcept {
    std::swap(pending_, other.pending_);
    return *this;
  }
  ~LoopPromise() {
    if (pending_) pending_->Fail(CancelledError("the promise of the loop to a job was dropped"));
  }

  // The job goes on with `answer`, soon.
  void Set(LoopAnswer<R> answer) {
    internal::LoopWait* const wait = pending_ ? pending_->wait() : nullptr;
    if (wait == nullptr) return;
    static_cast<internal::AnswerWait<R>*>(wait)->answer.emplace(std::move(answer));
    pending_->Resolve();
  }
  // False once the job has its answer: there is no need to work on one.
  bool is_awaited() const { return pending_ && pending_->wait() != nullptr; }

 private:
  Ref<internal::PendingWait> pending_;
};

namespace internal {

template <typename R, typename Start>
class StartedWait final : public AnswerWait<R> {
 public:
  StartedWait(TimePoint deadline, Start& start) : AnswerWait<R>(deadline), start_(start) {}
  void Begin(Ref<PendingWait> pending) override { start_(LoopPromise<R>(std::move(pending))); }

 private:
  Start& start_;
};

}  // namespace internal

// Runs start(LoopPromise<R>) on the loop under the context of the job, and suspends the calling job until the promise is
// set; its thread works for other jobs meanwhile. What `start` refers to on the stack of the job is there while `start`
// runs, but may be gone when a callback runs that it has left behind.
// Thread: a worker, inside of Job::Run(), with no lock held. R is made on the loop and handed to the worker.
// Errors: what the promise was set to; DEADLINE_EXCEEDED at `deadline`; the status of the context when the request is
//         cancelled; CANCELLED when the pool stops. `start` may not have run then.
template <typename R, typename Start>
  requires std::invocable<Start&, LoopPromise<R>>
LoopAnswer<R> WaitOnLoopUntil(TimePoint deadline, Start start) {
  internal::StartedWait<R, Start> wait(deadline, start);
  internal::SuspendJob(wait);
  return *std::move(wait.answer);
}

// The same without a deadline of its own: that of the request ends the wait.
template <typename R, typename Start>
  requires std::invocable<Start&, LoopPromise<R>>
LoopAnswer<R> WaitOnLoop(Start start) {
  return WaitOnLoopUntil<R>(kNoDeadline, std::move(start));
}

// Suspends the calling job for `duration` of the loop's time, rounded up as timers are. OK, or an error as above.
Status SleepOnFiber(Duration duration);

// True inside of Job::Run(): where the functions above may be called.
bool InJob();

}  // namespace rota

#endif  // ROTA_WORKER_LOOP_WAIT_H_
