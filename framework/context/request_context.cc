#include "framework/context/request_context.h"

#include <algorithm>

#include "framework/base/check.h"

namespace rota {

RequestContext::RequestContext(EventLoop& loop, Start&& start) : loop_(loop), start_(std::move(start)) {
  if (start_.deadline == kNoDeadline) return;
  if (start_.deadline <= loop_.Now()) {
    status_ = DeadlineExceededError("the deadline of request '" + start_.id + "' had passed when it arrived");
  } else {
    own_deadline_.Arm(start_.deadline);
  }
}

void RequestContext::OnDeadline() {
  const Ref<RequestContext> keep(this);
  Cancel(DeadlineExceededError("the deadline of request '" + start_.id + "' has passed"));
}

Duration RequestContext::Remaining() const {
  if (start_.deadline == kNoDeadline) return Duration::max();
  return std::max(Duration::zero(), start_.deadline - loop_.Now());
}

void RequestContext::Cancel(Status status) {
  ROTA_CHECK(!status.ok(), "a request is cancelled with an error, not with OK");
  if (cancelled()) return;
  const Ref<RequestContext> keep(this);
  status_ = std::move(status);
  own_deadline_.Clear();
  cancel_list_.Cancel(status_);
}

void RequestContext::Subscribe(CancelNode& node) {
  if (cancelled()) {
    node.OnCancelled(status_);
  } else {
    cancel_list_.Add(node);
  }
}

Ref<RequestContext> RequestContext::Child(TimePoint deadline) {
  Start start = start_;
  start.deadline = std::min(deadline, start_.deadline);
  start.trace_parent = start_.trace_parent.Child();
  Ref<RequestContext> child = MakeRef<RequestContext>(loop_, std::move(start));
  child->parent_ = Ref<RequestContext>(this);
  Subscribe(child->parent_watch_);
  return child;
}

Ref<RequestContext> RequestContext::Detach() const {
  Start start = start_;
  start.deadline = kNoDeadline;
  start.trace_parent = start_.trace_parent.Child();
  return MakeRef<RequestContext>(loop_, std::move(start));
}

std::any* RequestContext::Find(const void* key) {
  for (RequestContext* context = this; context != nullptr; context = context->parent_.get()) {
    for (auto& [name, value] : context->values_) {
      if (name == key) return &value;
    }
  }
  return nullptr;
}

void RequestContext::Replace(const void* key, std::any value) {
  for (auto& [name, held] : values_) {
    if (name == key) {
      held.swap(value);
      return;
    }
  }
  values_.emplace_back(key, std::move(value));
}

}  // namespace rota
