#include "framework/loop/operation.h"

#include "framework/loop/event_loop.h"

namespace rota {

Operation::Operation(EventLoop& loop, RefKind kind, std::source_location where)
    : loop_(&loop), context_(CaptureContext()), link_(loop.ledger_, kind, loop.meter_.iteration_start(), where) {
  loop.refs_.Add(kind);
}

Operation::~Operation() {
  if (loop_ != nullptr && link_.has_ref) loop_->refs_.Remove(link_.kind);
}

void Operation::SetRef(bool has_ref) {
  if (link_.has_ref == has_ref) return;
  link_.has_ref = has_ref;
  if (has_ref) {
    loop_->refs_.Add(link_.kind);
  } else {
    loop_->refs_.Remove(link_.kind);
  }
}

}  // namespace rota
