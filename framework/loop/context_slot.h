#ifndef ROTA_LOOP_CONTEXT_SLOT_H_
#define ROTA_LOOP_CONTEXT_SLOT_H_

#include <utility>

#include "framework/base/ref.h"

namespace rota {

// What a callback runs under. The loop carries it from the scheduling call to the callback and knows nothing else
// about it; the context layer derives RequestContext from it.
// Thread: loop. A job may read the pointer on its worker thread while the loop holds a reference for it.
class ContextBase : public RefCounted {
 protected:
  ~ContextBase() override = default;
};

namespace internal {
inline thread_local ContextBase* current_context = nullptr;
}  // namespace internal

// The context of the code that runs on this thread, or null outside of any request. Not owned: it lives as long as
// the callback that runs under it.
inline ContextBase* CurrentContext() noexcept { return internal::current_context; }

// A reference to the current context, for a callback that will run later. Thread: loop.
inline Ref<ContextBase> CaptureContext() noexcept { return Ref<ContextBase>(internal::current_context); }

// Makes `context` current until the end of the scope and then puts back what was current before, as
// AsyncLocalStorage.run() does in Node. The caller keeps `context` (which may be null) alive meanwhile.
class ContextScope {
 public:
  explicit ContextScope(ContextBase* context) noexcept : previous_(std::exchange(internal::current_context, context)) {}
  ~ContextScope() { internal::current_context = previous_; }
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;

 private:
  ContextBase* const previous_;
};

// Replaces the current context of this thread without restoring it: for a switch between fibers or coroutines, which
// do not nest. Returns what was current.
inline ContextBase* SwitchContext(ContextBase* context) noexcept {
  return std::exchange(internal::current_context, context);
}

}  // namespace rota

#endif  // ROTA_LOOP_CONTEXT_SLOT_H_
