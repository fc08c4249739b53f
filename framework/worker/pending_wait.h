#ifndef ROTA_WORKER_PENDING_WAIT_H_
#define ROTA_WORKER_PENDING_WAIT_H_

#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/context/cancellation.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/timer.h"

namespace rota::internal {

class Fiber;
class PendingWait;
class WorkerCore;

// A job that waits for the loop. Lies on the stack of its fiber, which is suspended until Resume().
// Thread: one at a time; the lock of the pool hands it over.
class LoopWait {
 public:
  explicit LoopWait(TimePoint deadline) : deadline(deadline) {}
  LoopWait(const LoopWait&) = delete;
  LoopWait& operator=(const LoopWait&) = delete;

  // Starts what will resolve `pending`. Thread: loop.
  virtual void Begin(Ref<PendingWait> pending) = 0;
  // Stores an error as the answer.
  virtual void Fail(Status status) = 0;
  // Stores the answer for a wait that has lasted until its deadline.
  virtual void Expire() { Fail(DeadlineExceededError("the loop did not answer a job in time")); }

  const TimePoint deadline;
  // Set when the fiber is suspended.
  Fiber* fiber = nullptr;
  ContextBase* context = nullptr;
  LoopWait* next = nullptr;

 protected:
  ~LoopWait() = default;
};

// Suspends the job that calls, until `wait` has its answer.
void SuspendJob(LoopWait& wait);

// The loop's end of a LoopWait: what the promise, the deadline, the cancellation of the request and the end of the pool
// agree on who comes first with.
// Thread: loop.
// Owner:  references, of the promise and of the timer.
class PendingWait final : public RefCounted {
 public:
  PendingWait(WorkerCore& core, LoopWait& wait);

  // Arms the deadline, looks at the context, and starts `wait` unless that has ended it. Under the context of the job.
  void Start();
  // The wait, or null when it is over.
  LoopWait* wait() const { return wait_; }
  // The answer is stored: lets the fiber go on. The wait is gone then.
  void Resolve();
  // The same with an error; does nothing when the wait is over.
  void Fail(Status status);

 private:
  class Watch final : public CancelNode {
   public:
    explicit Watch(PendingWait& pending) : pending_(pending) {}
    void OnCancelled(const Status& status) override { pending_.Fail(status); }

   private:
    PendingWait& pending_;
  };

  ~PendingWait() override = default;
  void ArmDeadline(TimePoint deadline);

  // Alive while wait_ is.
  WorkerCore& core_;
  LoopWait* wait_;
  // Set while the wait's Begin() runs, which may use the stack of the fiber: a result has to wait for its end.
  LoopWait* resolved_ = nullptr;
  bool starting_ = false;
  Timer timer_;
  Watch request_watch_{*this};
  Watch pool_watch_{*this};
};

}  // namespace rota::internal

#endif  // ROTA_WORKER_PENDING_WAIT_H_
