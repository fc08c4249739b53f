#ifndef ROTA_WORKER_PENDING_WAIT_H_
#define ROTA_WORKER_PENDING_WAIT_H_

#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/context/cancellation.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/timer.h"

namespace rota::internal {

struct JobFiber;
class PendingWait;
class WorkerCore;

// A job that waits for the loop. Lies on the stack of its fiber, which is suspended until the answer is there.
// Thread: one at a time; the lock of the pool hands it over.
class LoopWait {
 public:
  explicit LoopWait(TimePoint deadline) : deadline(deadline) {}
  LoopWait(const LoopWait&) = delete;
  LoopWait& operator=(const LoopWait&) = delete;

  // Starts what will answer. Thread: loop.
  virtual void Begin(Ref<PendingWait> pending) = 0;
  // Stores an error as the answer.
  virtual void Fail(Status status) = 0;
  // Stores the answer of a wait that has lasted until its deadline.
  virtual void Expire() { Fail(DeadlineExceededError("the loop did not answer a job in time")); }

  const TimePoint deadline;
  // Set when the fiber is suspended.
  JobFiber* fiber = nullptr;
  ContextBase* context = nullptr;
  LoopWait* next = nullptr;

 protected:
  ~LoopWait() = default;
};

// Suspends the job that calls, until `wait` has its answer.
void SuspendJob(LoopWait& wait);

// The loop's end of a LoopWait, at which promise, deadline, cancellation of the request and end of the pool find out which
// of them comes first.
// Thread: loop.
// Owner:  itself while the wait lasts, and the promise.
class PendingWait final : public RefCounted {
 public:
  PendingWait(WorkerCore& core, LoopWait& wait);

  // Watches deadline, request and pool, and begins the wait unless one of them has ended it. Under the context of the job.
  void Start();
  // The wait, or null when it is over.
  LoopWait* wait() const { return wait_; }
  // The answer is stored: lets the fiber go on, and the wait is gone.
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
  void ArmDeadline();

  // Valid while wait_ is not null.
  WorkerCore& core_;
  LoopWait* wait_;
  Ref<PendingWait> self_;
  // While the wait begins it uses the stack of the fiber, which must not go on before that is over.
  bool starting_ = false;
  Timer timer_;
  Watch request_watch_{*this};
  Watch pool_watch_{*this};
};

}  // namespace rota::internal

#endif  // ROTA_WORKER_PENDING_WAIT_H_
