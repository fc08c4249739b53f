#ifndef ROTA_LOOP_TICK_QUEUE_H_
#define ROTA_LOOP_TICK_QUEUE_H_

#include <cstdint>

#include "framework/base/callback.h"
#include "framework/base/ref.h"
#include "framework/base/ring_queue.h"
#include "framework/loop/context_slot.h"

namespace rota {

// A callback with the context it was scheduled under.
struct ScheduledCallback {
  Callback callback;
  Ref<ContextBase> context;
};

// The NextTick queue and the microtask queue, which are drained between any two callbacks of the loop: all ticks, then
// all microtasks, and again until both are empty.
// Thread: loop.
// Owner:  EventLoop.
// Order:  FIFO in each queue. A callback that adds for ever starves the loop, as in Node; nothing bounds it but its author.
// Source: processTicksAndRejections() in lib/internal/process/task_queues.js of Node 20.
class TickQueue {
 public:
  void PushTick(ScheduledCallback tick) { ticks_.Push(std::move(tick)); }
  // Returns the position of the microtask, for TakeBack().
  uint64_t PushMicrotask(ScheduledCallback microtask) { return microtasks_.Push(std::move(microtask)); }
  // Empties a microtask that has not run yet; nothing happens when it has. Constant time.
  void TakeBack(uint64_t position) {
    if (ScheduledCallback* microtask = microtasks_.At(position)) {
      // Destroyed here, after the slot is empty: a destructor may schedule again.
      const ScheduledCallback taken = std::move(*microtask);
    }
  }
  bool empty() const { return ticks_.empty() && microtasks_.empty(); }
  size_t ticks() const { return ticks_.size(); }
  size_t microtasks() const { return microtasks_.size(); }

  // Hands every callback to `run_tick` or `run_microtask` until both queues are empty or one of them returns false.
  template <typename RunTick, typename RunMicrotask>
  void Drain(RunTick&& run_tick, RunMicrotask&& run_microtask) {
    do {
      while (!ticks_.empty()) {
        ScheduledCallback tick = ticks_.Pop();
        if (!run_tick(tick)) return;
      }
      while (!microtasks_.empty()) {
        ScheduledCallback microtask = microtasks_.Pop();
        if (microtask.callback && !run_microtask(microtask)) return;
      }
    } while (!ticks_.empty());
  }

 private:
  RingQueue<ScheduledCallback> ticks_;
  RingQueue<ScheduledCallback> microtasks_;
};

}  // namespace rota

#endif  // ROTA_LOOP_TICK_QUEUE_H_
