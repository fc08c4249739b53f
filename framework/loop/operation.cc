#include "framework/loop/operation.h"

#include "framework/loop/event_loop.h"

namespace rota {

Operation::Operation(EventLoop& loop, RefKind kind) : loop_(&loop), context_(CaptureContext()), kind_(kind) {
  loop.refs_.Add(kind);
}

Operation::~Operation() {
  if (loop_ != nullptr) loop_->refs_.Remove(kind_);
}

}  // namespace rota
