#ifndef ROTA_LOOP_TIMER_QUEUE_H_
#define ROTA_LOOP_TIMER_QUEUE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <utility>

#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/base/slab_pool.h"
#include "framework/loop/compatibility.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/refs.h"
#include "framework/loop/timer_heap.h"
#include "framework/loop/timer_lists.h"
#include "framework/loop/timer_node.h"

namespace rota {

// The timers of a loop, in the order of Node: timers of the same delay form one list in which they are first in, first
// out, and lists run by their expiry and, where that is equal, by their age. Delays are whole milliseconds, as in
// Node, but time is counted in nanoseconds, so no timer runs early unless the caller cuts the times that it passes.
// Thread: loop.
// Owner:  EventLoop.
// Cost:   constant but for the heap, and no allocation when there were as many timers before. Where a timer leaves an empty list that ends,
//         that keeps its place in the heap, although it does not exist any more for the order, until its time comes or there are too many
//         of these: so timers that are cleared, as most are, do not touch the heap. Looking for the list of one of many delays is a miss
//         of the cache; what is armed and cleared for each call is a Deadline.
// Source: lib/internal/timers.js of Node 20.
class TimerQueue {
 public:
  explicit TimerQueue(RefCounts& refs, Compatibility compatibility = Compatibility::kRota) : refs_(refs), compatibility_(compatibility) {}
  ~TimerQueue();
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  // Makes a timer that is not armed. `callable` becomes its callback; `delay_ms` is from 1 to 2^31 - 1.
  template <typename F>
  Ref<TimerNode> Make(F&& callable, Ref<ContextBase> context, int64_t delay_ms, bool repeats,
                      const std::source_location& where = std::source_location::current()) {
    // It is there by the time that the clock has been read.
    lists_.Prefetch(static_cast<int32_t>(delay_ms));
    return Ref<TimerNode>(new (pool_) TimerNode(std::forward<F>(callable), std::move(context), delay_ms, repeats, where));
  }

  // Arms what Make() has returned just now, to be due its delay after `now`, as the last of its list.
  [[gnu::always_inline]] void Start(TimerNode& node, TimePoint now) {
    node.start = now;
    node.Acquire();
    Insert(node);
    node.active = true;
    refs_.Add(RefKind::kTimer);
  }
  // The same with any node: an armed one is moved, one that has fired lives again, nothing happens to one that was cleared.
  // Returns whether it was not active before.
  bool Arm(TimerNode& node, TimePoint now);
  // `node`, to which the caller has a reference, will not run (again). Destroys its callback, unless that runs now.
  void Clear(TimerNode& node);
  // Whether `node` keeps the loop alive while it is active.
  void SetRef(TimerNode& node, bool has_ref);
  // When RunExpired() must be called next; kNoDeadline when it need not. Nothing is due before; perhaps nothing is due then, as a
  // timer was cleared, for which Node's one timer of the operating system goes off, too.
  TimePoint next_wake() const { return wake_; }
  bool empty() const { return lists_in_use_ == 0; }
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
  // A list with the delay and the age that it had when it was chosen. One that has ended and begun anew is another list.
  struct Chosen {
    bool is_there() const { return list.key.id == id; }
    TimerList& list;
    const int32_t delay_ms;
    const uint64_t id;
  };

  template <typename Steps>
  StepEnd RunLists(TimePoint now, Steps& steps);
  template <typename Steps>
  StepEnd RunList(const Chosen& chosen, TimePoint now, Steps& steps);

  // Puts a node that is nowhere into the list of its delay, as if armed just now.
  [[gnu::always_inline]] void Insert(TimerNode& node) {
    node.id = next_id_++;
    TimerList& list = lists_.Get(node.delay_ms);
    if (!list.in_use()) BeginList(list, node.delay_ms, {node.due(), node.id});
    list.PushBack(node);
  }
  // The same for one that may be armed.
  void Move(TimerNode& node, TimePoint start);
  void BeginList(TimerList& list, int32_t delay_ms, const TimerKey& key);
  void EndList(TimerList& list);
  void SetActive(TimerNode& node, bool active);
  // After the callback: arms an interval again and lets go of what is over.
  void EndRun(TimerNode& node, TimePoint started);
  void SetKey(TimerList& list, int32_t delay_ms, const TimerKey& key);
  void WakeFor(TimePoint expiry) {
    if (expiry < wake_expiry_) wake_ = wake_expiry_ = expiry;
  }
  // After a call of RunExpired().
  void SetWake(TimePoint last_now);
  // Brings the list that is to run next to the top of the heap: takes those that have ended off it and corrects those that
  // are new or were put off since. False when there is none.
  bool SettleTop();
  // Takes lists that have ended out of the heap when there are too many.
  void Sweep();

  RefCounts& refs_;
  const Compatibility compatibility_;
  SlabPool pool_{sizeof(TimerNode)};
  TimerLists lists_;
  size_t lists_in_use_ = 0;
  // Where a list lies with its own key or an older one, which it puts off when it comes to the top. Lists that have ended stay.
  TimerHeap heap_{lists_};
  uint64_t next_id_ = 1;
  // The expiry that the wake-up is for, which may come later.
  TimePoint wake_expiry_ = kNoDeadline;
  TimePoint wake_ = kNoDeadline;
  // The list that runs may end, but must stay where it is.
  bool running_ = false;
};

template <typename Visit>
void TimerQueue::ForEach(Visit visit) const {
  for (const TimerHeap::Entry& entry : heap_.entries()) lists_.Find(entry.delay_ms).ForEach(visit);
}

template <typename Steps>
void TimerQueue::RunExpired(TimePoint now, Steps&& steps) {
  running_ = true;
  wake_ = kNoDeadline;
  while (RunLists(now, steps) == StepEnd::kThrew) {
  }
  running_ = false;
  SetWake(steps.LastNow());
}

template <typename Steps>
StepEnd TimerQueue::RunLists(TimePoint now, Steps& steps) {
  wake_expiry_ = kNoDeadline;
  bool first = true;
  while (true) {
    if (!SettleTop()) return StepEnd::kDone;
    const TimerHeap::Entry& top = heap_.top();
    if (top.key.expiry > now) {
      wake_expiry_ = top.key.expiry;
      return StepEnd::kDone;
    }
    // Before the drain, which may change the order or end the list.
    const Chosen chosen{lists_.Get(top.delay_ms), top.delay_ms, top.key.id};
    if (!std::exchange(first, false)) {
      if (const StepEnd end = steps.Drain(); end != StepEnd::kDone) return end;
    }
    if (const StepEnd end = RunList(chosen, now, steps); end != StepEnd::kDone) return end;
  }
}

template <typename Steps>
StepEnd TimerQueue::RunList(const Chosen& chosen, TimePoint now, Steps& steps) {
  const auto delay = std::chrono::milliseconds(chosen.delay_ms);
  for (bool first = true; chosen.is_there(); first = false) {
    if (chosen.list.empty()) {
      EndList(chosen.list);
      break;
    }
    const Ref<TimerNode> node(&chosen.list.front());
    if (now - node->start < delay) {
      // As in Node, a list that was put off counts as new where expiries are equal.
      SetKey(chosen.list, chosen.delay_ms, {node->start + delay, next_id_++});
      return StepEnd::kDone;
    }
    if (!first) {
      if (const StepEnd end = steps.Drain(); end != StepEnd::kDone) return end;
    }
    // The drain may have cleared the timer. When it has refreshed it, the timer runs all the same, as in Node.
    if (node->list != nullptr) {
      node->list->Remove(*node);
      node->Release();
    }
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
  return StepEnd::kDone;
}

}  // namespace rota

#endif  // ROTA_LOOP_TIMER_QUEUE_H_
