#ifndef ROTA_LOOP_TIMER_QUEUE_H_
#define ROTA_LOOP_TIMER_QUEUE_H_

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "framework/base/callback.h"
#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/refs.h"

namespace rota {

struct TimerList;

// One timeout or interval. The queue holds a reference while it is armed, its handles hold the others.
// Thread: loop.
class TimerNode final : public RefCounted {
 public:
  TimerNode(Callback callback, Ref<ContextBase> context, int64_t delay_ms, bool repeats)
      : callback(std::move(callback)), context(std::move(context)), delay_ms(delay_ms), repeats(repeats) {}

  Callback callback;
  Ref<ContextBase> context;
  // Constant after construction.
  const int64_t delay_ms;
  const bool repeats;
  // Kept by TimerQueue.
  TimePoint start{};
  TimerList* list = nullptr;  // Null while not armed.
  TimerNode* previous = nullptr;
  TimerNode* next = nullptr;
  bool has_ref = true;
  bool cleared = false;
};

// The timers of a loop, in the order of Node: timers of the same delay form one list in which they are first in, first
// out, and lists run by their expiry and, where that is equal, by their age. Delays are whole milliseconds, as in
// Node, but the clock is read in nanoseconds, so no timer runs early.
// Thread: loop.
// Owner:  EventLoop.
// Cost:   arming and clearing a timer of a delay that is in use already: constant, no allocation.
// Source: lib/internal/timers.js of Node 20.
class TimerQueue {
 public:
  explicit TimerQueue(RefCounts& refs) : refs_(refs) {}
  ~TimerQueue();
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  // Arms `node` to be due its delay after `now`; an armed node is moved.
  void Arm(TimerNode& node, TimePoint now);
  // Takes `node` out; nothing happens when it is not armed.
  void Disarm(TimerNode& node);
  // Whether `node` keeps the loop alive while it is armed.
  void SetRef(TimerNode& node, bool has_ref);

  // Nothing is due before this moment; kNoDeadline when no timer is armed. The moment may be early: the list then
  // finds out that its first timer was cleared.
  TimePoint next_expiry() const { return heap_.empty() ? kNoDeadline : heap_.front().expiry; }
  bool empty() const { return heap_.empty(); }

  // Calls run(node, lateness) for each due timer, in order. The node is disarmed before, and armed again after if it
  // repeats and was not cleared. The time is read once, so a timer armed meanwhile waits for the next call.
  // Returns the number of timers that ran; stops early when `run` returns false.
  template <typename Run>
  size_t RunExpired(const Clock& clock, Run&& run);

 private:
  struct HeapEntry {
    TimePoint expiry;
    uint64_t id;
    TimerList* list;
    bool operator<(const HeapEntry& other) const {
      return expiry != other.expiry ? expiry < other.expiry : id < other.id;
    }
  };

  TimerList& ListOf(int64_t delay_ms, TimePoint start);
  void Link(TimerList& list, TimerNode& node);
  void Unlink(TimerNode& node);
  // The due timer at the head of the first list, or null when that list must wait; reorders the heap then.
  TimerNode* FirstOf(TimerList& list, TimePoint now);
  void Reschedule(TimerList& list, TimePoint expiry);
  void RemoveList(TimerList& list);
  void SiftDown(size_t i);
  void SiftUp(size_t i);
  void Place(size_t i, const HeapEntry& entry);

  RefCounts& refs_;
  std::unordered_map<int64_t, std::unique_ptr<TimerList>> lists_;
  std::vector<HeapEntry> heap_;
  uint64_t next_id_ = 0;
};

// The armed timers of one delay, oldest first.
struct TimerList {
  int64_t delay_ms = 0;
  size_t heap_index = 0;
  TimerNode* first = nullptr;
  TimerNode* last = nullptr;
};

template <typename Run>
size_t TimerQueue::RunExpired(const Clock& clock, Run&& run) {
  size_t count = 0;
  const TimePoint now = clock.Now();
  while (!heap_.empty() && heap_.front().expiry <= now) {
    TimerList& list = *heap_.front().list;
    const int64_t delay_ms = list.delay_ms;
    // The callback may destroy the list (by clearing its last timer), hence the look-up after each.
    for (TimerList* current = &list; current != nullptr;) {
      TimerNode* due = FirstOf(*current, now);
      if (due == nullptr) break;
      const Ref<TimerNode> node(due);
      const TimePoint expected = node->start + std::chrono::milliseconds(delay_ms);
      Unlink(*node);
      const TimePoint started = node->repeats ? clock.Now() : TimePoint{};
      ++count;
      const bool go_on = run(*node, now - expected);
      if (node->repeats && !node->cleared && node->list == nullptr) Arm(*node, started);
      if (!go_on) return count;
      const auto it = lists_.find(delay_ms);
      current = it == lists_.end() ? nullptr : it->second.get();
    }
  }
  return count;
}

}  // namespace rota

#endif  // ROTA_LOOP_TIMER_QUEUE_H_
