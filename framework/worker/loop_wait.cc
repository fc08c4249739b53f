#include "framework/worker/loop_wait.h"

#include <mutex>
#include <utility>

#include "framework/base/check.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/worker/pool_state.h"

namespace rota {
namespace internal {
namespace {

// Ends with an error what the pool ends on its own.
class Waiting final : public LoopWaitBase {
 public:
  explicit Waiting(std::weak_ptr<LoopWaitCore> core) : core_(std::move(core)) {}
  void SetError(Status status) override {
    if (const std::shared_ptr<LoopWaitCore> core = core_.lock()) core->SetError(std::move(status));
  }

 private:
  const std::weak_ptr<LoopWaitCore> core_;
};

}  // namespace

bool LoopWaitCore::Wait(const std::shared_ptr<LoopWaitCore>& core, Callback start) {
  ROTA_CHECK(this_job != nullptr, "only a job waits for the loop");
  core->pool_ = this_pool;
  core->base_ = std::make_shared<Waiting>(core);
  ContextBase* const context = CurrentContext();
  EventLoop& loop = this_pool->loop;
  return this_pool->Suspend(core->base_, [&loop, context, pool = this_pool->shared_from_this(), base = core->base_, start = std::move(start)]() mutable {
    {
      // The pool has stopped: neither the job nor its context need be there any more.
      const std::lock_guard lock(pool->mutex);
      if (base->done) return;
    }
    // The clock may move on while the job only waits; End() holds it again.
    loop.ReleaseTime();
    const ContextScope scope(context);
    start();
  });
}

void LoopWaitCore::End(const std::shared_ptr<LoopWaitCore>& core, UniqueFunction<void()> set_result) {
  const std::shared_ptr<PoolState> pool = core->pool_->shared_from_this();
  const std::lock_guard lock(pool->mutex);
  if (core->base_->done) return;
  set_result();
  pool->loop.HoldTime();
  pool->EndWait(*core->base_);
}

}  // namespace internal

Status SleepInJob(Duration delay) {
  EventLoop& loop = internal::this_pool->loop;
  return WaitOnLoop<void>([&loop, delay](LoopPromise<void> promise) {
    loop.SetTimeout(delay, [promise = std::move(promise)]() mutable { promise.Set(OkStatus()); });
  });
}

}  // namespace rota
