#include "framework/worker/pending_wait.h"

#include <utility>

#include "framework/base/check.h"
#include "framework/context/request_context.h"
#include "framework/worker/worker_core.h"

namespace rota::internal {

PendingWait::PendingWait(WorkerCore& core, LoopWait& wait) : core_(core), wait_(&wait) {}

void PendingWait::Start() {
  self_ = Ref<PendingWait>(this);
  const Ref<PendingWait> keep = self_;
  LoopWait* const wait = wait_;
  starting_ = true;
  core_.waits().Add(pool_watch_);
  if (RequestContext* request = RequestContext::Current()) request->Subscribe(request_watch_);
  if (wait_ != nullptr) ArmDeadline();
  if (wait_ != nullptr) {
    core_.SetBeginning(true);
    wait->Begin(keep);
    core_.SetBeginning(false);
  }
  starting_ = false;
  // Only now: a wait that ends where it begins never lets the clock move.
  if (wait_ == nullptr) {
    core_.Resume(*wait->fiber);
  } else {
    core_.AddSuspended(1);
  }
}

void PendingWait::Resolve() {
  LoopWait* const wait = std::exchange(wait_, nullptr);
  ROTA_DCHECK(wait != nullptr, "a wait for the loop was resolved twice");
  const Ref<PendingWait> keep = std::move(self_);
  timer_.Clear();
  request_watch_.Unlink();
  pool_watch_.Unlink();
  if (starting_) return;
  core_.AddSuspended(-1);
  core_.Resume(*wait->fiber);
}

void PendingWait::Fail(Status status) {
  if (wait_ == nullptr) return;
  wait_->Fail(std::move(status));
  Resolve();
}

void PendingWait::ArmDeadline() {
  if (wait_->deadline == kNoDeadline) return;
  // Not kept alive by the callback: Resolve() clears the timer.
  timer_ = core_.loop().SetTimeout(wait_->deadline - core_.loop().Now(), [this] {
    const Ref<PendingWait> keep(this);
    // A timer has a longest delay.
    if (core_.loop().Now() < wait_->deadline) return ArmDeadline();
    wait_->Expire();
    Resolve();
  });
}

}  // namespace rota::internal
