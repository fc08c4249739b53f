#ifndef ROTA_LOOP_OPERATION_H_
#define ROTA_LOOP_OPERATION_H_

#include <utility>

#include "framework/base/ref.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/refs.h"

namespace rota {

class EventLoop;

// One outstanding operation that will complete on the loop: a read, an accept, a job. Keeps the loop alive and the
// context of its caller, until it is destroyed.
// Thread: loop, except that another thread may hold and move the storage it lies in.
class Operation {
 public:
  // Captures the current context.
  Operation(EventLoop& loop, RefKind kind);
  Operation(Operation&& other) noexcept
      : loop_(std::exchange(other.loop_, nullptr)), context_(std::move(other.context_)), kind_(other.kind_) {}
  Operation& operator=(Operation&&) = delete;
  ~Operation();

  EventLoop& loop() const { return *loop_; }
  ContextBase* context() const { return context_.get(); }

 private:
  EventLoop* loop_;
  Ref<ContextBase> context_;
  RefKind kind_;
};

}  // namespace rota

#endif  // ROTA_LOOP_OPERATION_H_
