#ifndef ROTA_LOOP_IMMEDIATE_QUEUE_H_
#define ROTA_LOOP_IMMEDIATE_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "framework/base/callback.h"
#include "framework/base/ref.h"
#include "framework/base/ring_queue.h"
#include "framework/loop/compatibility.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/refs.h"

namespace rota {

class ImmediateQueue;

// A callback of the check phase, as EventLoop::SetImmediate() returns it. Dropping it changes nothing: the immediate runs.
// Thread: loop.
// Owner:  a value; it must not be used after the end of its loop.
class Immediate {
 public:
  // No immediate: everything below does nothing.
  Immediate() = default;

  // The callback will not run. Destroys it; nothing happens when it has run.
  void Clear();
  // An unref'd immediate neither keeps the loop alive nor keeps poll from sleeping.
  void SetRef(bool has_ref);
  // False once it runs or is cleared.
  bool has_ref() const;

 private:
  friend class ImmediateQueue;
  Immediate(ImmediateQueue* queue, uint64_t position) : queue_(queue), position_(position) {}

  ImmediateQueue* queue_ = nullptr;
  uint64_t position_ = 0;
};

// The callbacks that wait for the check phase.
// Thread: loop.
// Owner:  EventLoop. `refs`, which must outlive it, counts each immediate that is not unref'd.
// Order:  FIFO.
class ImmediateQueue {
 public:
  explicit ImmediateQueue(RefCounts& refs) : refs_(refs) {}

  // Captures the current context, and makes the callback of `callable` in its place.
  template <typename F>
  Immediate Push(F&& callable) {
    refs_.Add(RefKind::kImmediate);
    return Immediate(this, queue_.Emplace(std::forward<F>(callable), CaptureContext(), true));
  }
  // Those that were cleared count until their turn.
  bool empty() const { return queue_.empty(); }
  size_t size() const { return queue_.size(); }

  // Runs what is queued now by `steps`: Run(Callback&, ContextBase*) and, after each, Drain(), which runs the ticks. What comes
  // meanwhile waits for the next call. An immediate that throws, or a tick between two, ends the batch in Node's way: what is left
  // of it runs at once, without the drain; and where nothing is left, what was queued meanwhile runs now.
  // Source: processImmediate() in lib/internal/timers.js and Environment::CheckImmediate() in src/env.cc of Node 20.
  // Inline, and with the steps as values: an iteration is over in some ten nanoseconds, and calls are a part of them.
  template <typename Steps>
  [[gnu::always_inline]] void RunQueued(Steps steps) {
    for (size_t left = size();;) {
      const StepEnd end = RunBatch(left, steps);
      if (end == StepEnd::kDone) steps.Drain();
      if (end != StepEnd::kThrew) return;
      DropCleared(left);
      if (left == 0) left = size();
    }
  }

 private:
  friend class Immediate;

  struct Queued {
    Callback callback;  // Empty: it was cleared.
    Ref<ContextBase> context;
    bool has_ref = true;
  };

  // The first `left`, with a drain between any two.
  template <typename Steps>
  StepEnd RunBatch(size_t& left, Steps steps) {
    bool owes_drain = false;
    while (left > 0) {
      if (!queue_.Front().callback) {
        DropFirst(left);
      } else if (std::exchange(owes_drain, false)) {
        // A tick may clear the next one.
        if (const StepEnd end = steps.Drain(); end != StepEnd::kDone) return end;
      } else {
        --left;
        const auto immediate = queue_.Take();
        if (immediate->has_ref) refs_.Remove(RefKind::kImmediate);
        if (const StepEnd end = steps.Run(immediate->callback, immediate->context.get()); end != StepEnd::kDone) return end;
        owes_drain = true;
      }
    }
    return StepEnd::kDone;
  }
  void DropCleared(size_t& left) {
    while (left > 0 && !queue_.Front().callback) DropFirst(left);
  }
  void DropFirst(size_t& left) {
    --left;
    const auto cleared = queue_.Take();
  }
  // Null: it has run, or was cleared.
  Queued* Find(uint64_t position);
  void SetRef(Queued& immediate, bool has_ref);

  // Constant after construction.
  RefCounts& refs_;

  RingQueue<Queued> queue_;
};

}  // namespace rota

#endif  // ROTA_LOOP_IMMEDIATE_QUEUE_H_
