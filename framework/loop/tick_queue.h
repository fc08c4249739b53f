#ifndef ROTA_LOOP_TICK_QUEUE_H_
#define ROTA_LOOP_TICK_QUEUE_H_

#include <cstdint>
#include <exception>
#include <utility>

#include "framework/base/callback.h"
#include "framework/base/ref.h"
#include "framework/base/ring_queue.h"
#include "framework/loop/compatibility.h"
#include "framework/loop/context_slot.h"

namespace rota {

// A callback with the context it was scheduled under.
struct ScheduledCallback {
  Callback callback;
  Ref<ContextBase> context;
};

// An error that nobody has asked for, with the context it arose under.
struct UnhandledError {
  std::exception_ptr error;
  Ref<ContextBase> context;
};

// The NextTick queue and the microtask queue, which are drained between any two callbacks of the loop: all ticks, then
// all microtasks, and again until both are empty; then the errors that nobody has handled, and again.
// Thread: loop.
// Owner:  EventLoop.
// Order:  FIFO in each queue. A callback that adds for ever starves the loop, as in Node; nothing bounds it but its author.
// Source: processTicksAndRejections() in lib/internal/process/task_queues.js of Node 20.
class TickQueue {
 public:
  // Both capture the current context, and make the callback of `callable` in its place.
  template <typename F>
  void PushTick(F&& callable) {
    ticks_.Emplace(std::forward<F>(callable), CaptureContext());
  }
  // Returns the position of the microtask, for TakeBack().
  template <typename F>
  uint64_t PushMicrotask(F&& callable) {
    return microtasks_.Emplace(std::forward<F>(callable), CaptureContext());
  }
  void PushError(UnhandledError error) { errors_.Push(std::move(error)); }
  // Empties a microtask that has not run yet; nothing happens when it has. Constant time.
  void TakeBack(uint64_t position) {
    if (ScheduledCallback* microtask = microtasks_.At(position)) {
      // Destroyed here, after the slot is empty: a destructor may schedule again.
      const ScheduledCallback taken = std::move(*microtask);
    }
  }
  bool empty() const { return ticks_.empty() && microtasks_.empty() && errors_.empty(); }
  size_t ticks() const { return ticks_.size(); }
  size_t microtasks() const { return microtasks_.size(); }

  // Hands everything to `runner` until all is done: RunTick(ScheduledCallback&), RunMicrotask(ScheduledCallback&) and
  // RunError(UnhandledError&). A tick or an error that throws ends the drain, and the next one goes on with the rest; a
  // microtask that throws does not. Returns kDone, or why it ended before.
  template <typename Runner>
  StepEnd Drain(Runner&& runner) {
    do {
      while (!ticks_.empty()) {
        const auto tick = ticks_.Take();
        if (const StepEnd end = runner.RunTick(*tick); end != StepEnd::kDone) return end;
      }
      if (DrainMicrotasks(runner) == StepEnd::kStop) return StepEnd::kStop;
      if (!ticks_.empty()) continue;
      // Those that are there now; what their handler queues goes first.
      for (size_t left = errors_.size(); left > 0; --left) {
        UnhandledError error = errors_.Pop();
        if (const StepEnd end = runner.RunError(error); end != StepEnd::kDone) return end;
      }
    } while (!empty());
    return StepEnd::kDone;
  }

  // The microtasks alone. kDone or kStop.
  template <typename Runner>
  StepEnd DrainMicrotasks(Runner&& runner) {
    while (!microtasks_.empty()) {
      const auto microtask = microtasks_.Take();
      // Empty: it was taken back.
      if (microtask->callback && runner.RunMicrotask(*microtask) == StepEnd::kStop) return StepEnd::kStop;
    }
    return StepEnd::kDone;
  }

 private:
  RingQueue<ScheduledCallback> ticks_;
  RingQueue<ScheduledCallback> microtasks_;
  RingQueue<UnhandledError> errors_;
};

}  // namespace rota

#endif  // ROTA_LOOP_TICK_QUEUE_H_
