#ifndef ROTA_LOOP_OPERATION_H_
#define ROTA_LOOP_OPERATION_H_

#include <source_location>
#include <utility>

#include "framework/base/ref.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/ref_ledger.h"
#include "framework/loop/refs.h"

namespace rota {

class EventLoop;

// One outstanding operation that will complete on the loop: a read, an accept, a job. Keeps the loop alive and the
// context of its caller, until it is destroyed.
// Thread: loop. Another thread may hold the storage it lies in, but not move it.
class Operation {
 public:
  // Captures the current context. `where` is its owner in EventLoop::ListRefs().
  Operation(EventLoop& loop, RefKind kind, std::source_location where = std::source_location::current());
  Operation(Operation&& other) noexcept
      : loop_(std::exchange(other.loop_, nullptr)), context_(std::move(other.context_)), link_(std::move(other.link_)) {}
  Operation& operator=(Operation&&) = delete;
  ~Operation();

  // An unref'd operation completes as any other, but does not keep the loop alive.
  void SetRef(bool has_ref);
  bool has_ref() const { return link_.has_ref; }

  EventLoop& loop() const { return *loop_; }
  ContextBase* context() const { return context_.get(); }
  // For who ends it, and runs its completion under the context.
  Ref<ContextBase> TakeContext() { return std::move(context_); }

 private:
  EventLoop* loop_;
  Ref<ContextBase> context_;
  RefLink link_;
};

}  // namespace rota

#endif  // ROTA_LOOP_OPERATION_H_
