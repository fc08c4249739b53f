#ifndef ROTA_LOOP_TIMER_QUEUE_H_
#define ROTA_LOOP_TIMER_QUEUE_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <source_location>
#include <unordered_map>
#include <vector>

#include "framework/base/callback.h"
#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/loop/compatibility.h"
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
  // Who armed it, for the list of refs.
  std::source_location where;
  // Kept by TimerQueue.
  TimePoint start{};
  TimerList* list = nullptr;  // Null while not armed.
  TimerNode* previous = nullptr;
  TimerNode* next = nullptr;
  bool has_ref = true;
  // Armed, or running: the time in which a ref'd timer keeps the loop alive.
  bool active = false;
  bool running = false;
  // The callback will not run any more.
  bool silenced = false;
  // Cannot be armed again.
  bool cleared = false;
};

// The timers of a loop, in the order of Node: timers of the same delay form one list in which they are first in, first
// out, and lists run by their expiry and, where that is equal, by their age. Delays are whole milliseconds, as in
// Node, but time is counted in nanoseconds, so no timer runs early unless the caller cuts the times that it passes.
// Thread: loop.
// Owner:  EventLoop.
// Cost:   arming and clearing a timer of a delay that is in use already: constant, no allocation.
// Source: lib/internal/timers.js of Node 20.
class TimerQueue {
 public:
  explicit TimerQueue(RefCounts& refs, Compatibility compatibility = Compatibility::kRota)
      : refs_(refs), compatibility_(compatibility) {}
  ~TimerQueue();
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  // Arms `node` to be due its delay after `now`, as the last of its list; an armed node is moved, one that has fired lives
  // again, nothing happens to one that was cleared. Returns whether it was not active before.
  bool Arm(TimerNode& node, TimePoint now);
  // `node` will not run (again). Destroys its callback, unless that runs now.
  void Clear(TimerNode& node);
  // Whether `node` keeps the loop alive while it is active.
  void SetRef(TimerNode& node, bool has_ref);

  // When RunExpired() must be called next; kNoDeadline when it need not. Nothing is due before; perhaps nothing is due
  // then, as a timer was cleared: Node's one timer of the operating system wakes up for that too.
  TimePoint next_wake() const { return wake_; }
  bool empty() const { return heap_.empty(); }
  // For each armed timer, in no order: visit(const TimerNode&).
  template <typename Visit>
  void ForEach(Visit visit) const;

  // Runs each timer that is due at `now`, in order: `steps` has
  //     StepEnd Run(TimerNode&, Duration lateness)   runs the callback
  //     StepEnd Drain()                              what comes between two callbacks; not called after the last
  //     TimePoint Now()                              a fresh reading of the clock
  //     TimePoint LastNow()                          the latest reading that the queue was given, without a new one
  // A timer that is armed meanwhile waits for the next call; one that repeats is armed again from just before its callback.
  template <typename Steps>
  void RunExpired(TimePoint now, Steps&& steps);

 private:
  struct HeapEntry {
    TimePoint expiry;
    uint64_t id;
    TimerList* list;
    bool operator<(const HeapEntry& other) const {
      return expiry != other.expiry ? expiry < other.expiry : id < other.id;
    }
  };

  template <typename Steps>
  StepEnd RunLists(TimePoint now, Steps& steps);
  template <typename Steps>
  StepEnd RunList(TimerList& list, TimePoint now, Steps& steps);

  void Insert(TimerNode& node, TimePoint start);
  TimerList& ListOf(int64_t delay_ms, TimePoint start);
  void Link(TimerList& list, TimerNode& node);
  void Unlink(TimerNode& node);
  void SetActive(TimerNode& node, bool active);
  // After the callback: arms an interval again and lets go of what is over.
  void EndRun(TimerNode& node, TimePoint started);
  void Reschedule(TimerList& list, TimePoint expiry);
  // After a call of RunExpired().
  void SetWake(TimePoint last_now);
  void RemoveList(TimerList& list);
  void SiftDown(size_t i);
  void SiftUp(size_t i);
  void Place(size_t i, const HeapEntry& entry);

  RefCounts& refs_;
  const Compatibility compatibility_;
  std::unordered_map<int64_t, std::unique_ptr<TimerList>> lists_;
  std::vector<HeapEntry> heap_;
  uint64_t next_id_ = 0;
  // The expiry that the wake-up is for, which may come later.
  TimePoint wake_expiry_ = kNoDeadline;
  TimePoint wake_ = kNoDeadline;
  // The list that runs, and where it is kept when a callback removes it.
  TimerList* running_ = nullptr;
  std::unique_ptr<TimerList> removed_;
};

// The armed timers of one delay, oldest first.
struct TimerList {
  int64_t delay_ms = 0;
  size_t heap_index = 0;
  TimerNode* first = nullptr;
  TimerNode* last = nullptr;
};

template <typename Visit>
void TimerQueue::ForEach(Visit visit) const {
  for (const HeapEntry& entry : heap_) {
    for (const TimerNode* node = entry.list->first; node != nullptr; node = node->next) visit(*node);
  }
}

template <typename Steps>
void TimerQueue::RunExpired(TimePoint now, Steps&& steps) {
  wake_ = kNoDeadline;
  while (RunLists(now, steps) == StepEnd::kThrew) {
  }
  running_ = nullptr;
  removed_.reset();
  if (!heap_.empty()) SetWake(steps.LastNow());
}

template <typename Steps>
StepEnd TimerQueue::RunLists(TimePoint now, Steps& steps) {
  wake_expiry_ = kNoDeadline;
  for (bool first = true; !heap_.empty(); first = false) {
    if (heap_.front().expiry > now) {
      wake_expiry_ = heap_.front().expiry;
      return StepEnd::kDone;
    }
    // Chosen before the drain, which may change the order or end the list.
    running_ = heap_.front().list;
    removed_.reset();
    if (!first) {
      if (const StepEnd end = steps.Drain(); end != StepEnd::kDone) return end;
    }
    if (const StepEnd end = RunList(*running_, now, steps); end != StepEnd::kDone) return end;
  }
  return StepEnd::kDone;
}

template <typename Steps>
StepEnd TimerQueue::RunList(TimerList& list, TimePoint now, Steps& steps) {
  const auto delay = std::chrono::milliseconds(list.delay_ms);
  for (bool first = true; list.first != nullptr; first = false) {
    const Ref<TimerNode> node(list.first);
    if (now - node->start < delay) {
      Reschedule(list, node->start + delay);
      return StepEnd::kDone;
    }
    if (!first) {
      if (const StepEnd end = steps.Drain(); end != StepEnd::kDone) return end;
    }
    // The drain may have cleared the timer. When it has refreshed it, the timer runs all the same, as in Node.
    if (node->list != nullptr) Unlink(*node);
    if (node->silenced) {
      SetActive(*node, false);
      continue;
    }
    const Duration lateness = std::max(Duration::zero(), now - node->start - delay);
    const TimePoint started = node->repeats ? steps.Now() : TimePoint{};
    node->running = true;
    const StepEnd end = steps.Run(*node, lateness);
    node->running = false;
    EndRun(*node, started);
    if (end != StepEnd::kDone) return end;
  }
  if (removed_ == nullptr) RemoveList(list);
  return StepEnd::kDone;
}

}  // namespace rota

#endif  // ROTA_LOOP_TIMER_QUEUE_H_
