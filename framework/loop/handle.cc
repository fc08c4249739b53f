#include "framework/loop/handle.h"

#include <utility>

#include "framework/loop/event_loop.h"

namespace rota {

Handle::Handle(EventLoop& loop, const std::source_location& where)
    : loop_(loop), context_(CaptureContext()), link_(loop.ledger_, RefKind::kHandle, loop.meter_.iteration_start(), where) {
  loop_.refs_.Add(RefKind::kHandle);
}

Handle::~Handle() {
  if (open_ && link_.has_ref) loop_.refs_.Remove(RefKind::kHandle);
}

void Handle::SetRef(bool has_ref) {
  if (has_ref == link_.has_ref) return;
  link_.has_ref = has_ref;
  if (!open_) return;
  if (has_ref) {
    loop_.refs_.Add(RefKind::kHandle);
  } else {
    loop_.refs_.Remove(RefKind::kHandle);
  }
}

void Handle::Close(Callback on_closed) {
  ROTA_CHECK(open_, "a handle was closed twice");
  open_ = false;
  if (link_.has_ref) loop_.refs_.Remove(RefKind::kHandle);
  loop_.refs_.Add(RefKind::kClosing);
  link_.kind = RefKind::kClosing;
  on_closed_ = std::move(on_closed);
  loop_.closing_.push_back(Ref<Handle>(this));
}

}  // namespace rota
