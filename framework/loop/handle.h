#ifndef ROTA_LOOP_HANDLE_H_
#define ROTA_LOOP_HANDLE_H_

#include <source_location>

#include "framework/base/callback.h"
#include "framework/base/ref.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/ref_ledger.h"

namespace rota {

class EventLoop;

// Something that keeps the loop alive until it is closed: a listener, a watcher of signals, a connection to a thread.
// Thread: loop.
// Owner:  whoever opened it with EventLoop::OpenHandle(). Dropping the last reference to an open handle closes it
//         without a callback. It must not outlive its loop.
class Handle final : public RefCounted {
 public:
  // An unref'd handle works on, but does not keep the loop alive. Both may be called twice.
  void SetRef(bool has_ref);
  bool has_ref() const { return link_.has_ref; }

  // Closes the handle; `on_closed` runs in the next close phase, in the context in which the handle was opened, and the
  // closing handle keeps the loop alive until then. Handles closed together are called last in, first out, as in
  // libuv. Closing twice breaks an invariant.
  void Close(Callback on_closed = nullptr);
  bool is_open() const { return open_; }

 private:
  friend class EventLoop;
  Handle(EventLoop& loop, const std::source_location& where);
  ~Handle() override;

  EventLoop& loop_;
  Ref<ContextBase> context_;
  Callback on_closed_;
  RefLink link_;
  bool open_ = true;
};

}  // namespace rota

#endif  // ROTA_LOOP_HANDLE_H_
