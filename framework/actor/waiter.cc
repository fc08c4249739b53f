#include "framework/actor/waiter.h"

#include "framework/base/check.h"
#include "framework/loop/context_slot.h"

namespace rota {

Waiter::~Waiter() {
  if (microtask_) loop_.TakeBackMicrotask(*microtask_);
}

std::coroutine_handle<> Waiter::Suspend(std::coroutine_handle<> waiting, internal::PromiseBase& promise) {
  waiting_ = waiting;
  promise_ = &promise;
  context_ = CaptureContext();
  status_ = Cancelled() ? RequestContext::Current()->status() : Start();
  if (!status_.ok()) return Next();
  if (RequestContext* context = RequestContext::Current(); context != nullptr && !completed_) context->Subscribe(*this);
  return std::noop_coroutine();
}

void Waiter::OnCancelled(const Status& status) {
  if (!completed_) Abandon(status);
}

void Waiter::Complete(Status status) {
  ROTA_DCHECK(!completed_, "a wait ended twice");
  completed_ = true;
  Unlink();
  status_ = std::move(status);
  const ContextScope scope(context_.get());
  microtask_ = loop_.QueueMicrotask([this] {
    microtask_.reset();
    Next().resume();
  });
}

// Nothing here may be touched afterwards: unwinding destroys this waiter with its coroutine.
std::coroutine_handle<> Waiter::Next() {
  if (status_.ok() || caught_) return waiting_;
  return promise_->Unwind(std::move(status_));
}

}  // namespace rota
