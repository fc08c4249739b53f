#ifndef ROTA_WORKER_FIBER_H_
#define ROTA_WORKER_FIBER_H_

#include <cstddef>

#include "framework/worker/fiber_sanitizer.h"

namespace boost::fibers {
class context;
}  // namespace boost::fibers

namespace rota::internal {

class DirectScheduler;

// Makes the fibers of one thread possible: Boost.Fiber with a scheduling algorithm that goes where it is told, so a
// switch is a switch and no queue of Boost's is between. It wakes no fiber of another thread.
// Thread: the one that builds it, outside of fibers.
// Owner:  the thread's main function. Once a thread; destroyed after its fibers have ended.
class FiberHost {
 public:
  FiberHost();
  FiberHost(const FiberHost&) = delete;
  FiberHost& operator=(const FiberHost&) = delete;

 private:
  friend class Fiber;
  // Boost's, until the thread ends.
  DirectScheduler& scheduler_;
  boost::fibers::context* const main_;
  SanitizedStack main_stack_;
};

// Address space below each stack: no frame that fits on a stack gets past it without touching it. It takes no memory.
inline constexpr size_t kStackGuardBytes = size_t{1} << 20;

// A function with a stack of its own that can be left in the middle. What C++ knows about exceptions in flight is kept
// for each fiber, so one may wait inside of a catch block.
// Thread: that of its host.
// Owner:  who resumes it. Destroyed after it has ended.
class Fiber {
 public:
  // `body(argument)` starts with the first Resume(). `stack_bytes` is rounded up to whole pages; std::bad_alloc where there is
  // no room for them.
  Fiber(FiberHost& host, size_t stack_bytes, void (*body)(void*), void* argument);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Runs the fiber until it suspends itself or ends. From outside of fibers.
  void Resume();
  // Goes back to Resume(). On this fiber.
  void Suspend();
  bool ended() const { return ended_; }
  // The lowest address of its stack. The kStackGuardBytes below it may not be touched.
  const void* stack_bottom() const { return stack_.bottom; }

 private:
  class Stack;

  void Main(void (*body)(void*), void* argument);

  // Constant after construction.
  FiberHost& host_;
  boost::fibers::context* context_ = nullptr;

  SanitizedStack stack_;
  bool ended_ = false;
};

}  // namespace rota::internal

#endif  // ROTA_WORKER_FIBER_H_
