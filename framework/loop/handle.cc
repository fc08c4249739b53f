#include "framework/loop/handle.h"

#include <utility>

#include "framework/loop/event_loop.h"

namespace rota {

Handle::Handle(EventLoop& loop) : loop_(loop), context_(CaptureContext()) { loop_.refs_.Add(RefKind::kHandle); }

Handle::~Handle() {
  if (open_ && has_ref_) loop_.refs_.Remove(RefKind::kHandle);
}

void Handle::SetRef(bool has_ref) {
  if (has_ref == has_ref_) return;
  has_ref_ = has_ref;
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
  if (has_ref_) loop_.refs_.Remove(RefKind::kHandle);
  loop_.refs_.Add(RefKind::kClosing);
  on_closed_ = std::move(on_closed);
  loop_.closing_.push_back(Ref<Handle>(this));
}

}  // namespace rota
