#include "framework/loop/timer_queue.h"

#include <algorithm>
#include <utility>

namespace rota {

using std::chrono::milliseconds;

namespace {

// Lists that have ended may stay in the heap, so that the next timer of their delay finds them: some megabytes at most.
constexpr size_t kMostEnded = 65536;

}  // namespace

TimerQueue::~TimerQueue() {
  // A callback's destructor may clear other timers, or arm some, so every list is emptied node by node.
  while (SettleTop()) {
    TimerList& list = lists_.Get(heap_.top().delay_ms);
    if (list.empty()) {
      EndList(list);
    } else {
      // Destroys the callback, which may hold the timer.
      const Ref<TimerNode> node(&list.front());
      Clear(*node);
      if (node->list == nullptr) continue;
      // One of Node's way that was cleared before it was armed again.
      list.Remove(*node);
      SetActive(*node, false);
      node->Release();
    }
  }
}

bool TimerQueue::Arm(TimerNode& node, TimePoint now) {
  if (node.cleared) return false;
  Move(node, now);
  if (node.active) return false;
  SetActive(node, true);
  return true;
}

void TimerQueue::Clear(TimerNode& node) {
  if (node.silenced) return;
  // The callback, which is destroyed at the end, is there by then.
  __builtin_prefetch(&node.callback, 1);
  node.silenced = true;
  // In Node a timer that has fired before it is cleared can be armed again, and fires without effect.
  if (node.active || compatibility_ == Compatibility::kRota) node.cleared = true;
  const bool was_armed = node.list != nullptr;
  if (node.active) {
    // One that is not armed runs now. When it was the last of its list, that has waited for its end.
    TimerList& list = was_armed ? *node.list : lists_.Get(node.delay_ms);
    if (was_armed) list.Remove(node);
    // As in Node an unref'd one leaves its list, empty, until it would have been due: the expiry and the age of the list count for the
    // next timer.
    if (node.has_ref && list.in_use() && list.empty()) EndList(list);
    SetActive(node, false);
  }
  if (!was_armed) node.Acquire();
  // Last: its destructor may look at this queue again, or let go of the node.
  if (!node.running) node.callback = nullptr;
  node.Release();
}

void TimerQueue::SetRef(TimerNode& node, bool has_ref) {
  if (node.active && node.has_ref != has_ref) {
    if (has_ref) {
      refs_.Add(RefKind::kTimer);
    } else {
      refs_.Remove(RefKind::kTimer);
    }
  }
  node.has_ref = has_ref;
}

void TimerQueue::SetActive(TimerNode& node, bool active) {
  if (node.active == active) return;
  node.active = active;
  if (!node.has_ref) return;
  if (active) {
    refs_.Add(RefKind::kTimer);
  } else {
    refs_.Remove(RefKind::kTimer);
  }
}

void TimerQueue::EndRun(TimerNode& node, TimePoint started) {
  if (node.repeats && !node.cleared) {
    // Also when the callback has refreshed the interval.
    Move(node, started);
  } else if (node.list == nullptr) {
    SetActive(node, false);
    if (node.silenced) node.callback = nullptr;
  }
}

void TimerQueue::Move(TimerNode& node, TimePoint start) {
  if (node.list == nullptr) {
    node.Acquire();
  } else {
    node.list->Remove(node);
  }
  node.start = start;
  Insert(node);
}

void TimerQueue::BeginList(TimerList& list, int32_t delay_ms, const TimerKey& key) {
  ++lists_in_use_;
  SetKey(list, delay_ms, key);
  WakeFor(key.expiry);
}

void TimerQueue::SetKey(TimerList& list, int32_t delay_ms, const TimerKey& key) {
  // A later key waits for the top of the heap.
  const bool is_later = key.expiry > list.key.expiry;
  list.key = key;
  if (!is_later) heap_.Put(key, delay_ms);
}

void TimerQueue::EndList(TimerList& list) {
  list.key.id = 0;
  --lists_in_use_;
  if (heap_.size() - lists_in_use_ > std::max(kMostEnded, lists_in_use_) && !running_) Sweep();
}

bool TimerQueue::SettleTop() {
  while (!heap_.empty()) {
    const TimerHeap::Entry& top = heap_.top();
    const TimerList& list = lists_.Get(top.delay_ms);
    if (!list.in_use()) {
      lists_.Drop(top.delay_ms);
      heap_.PopTop();
    } else if (list.key == top.key) {
      return true;
    } else {
      heap_.PutOffTop(list.key);
    }
  }
  return false;
}

void TimerQueue::Sweep() {
  heap_.DropIf([this](const TimerHeap::Entry& entry) {
    if (lists_.Get(entry.delay_ms).in_use()) return false;
    lists_.Drop(entry.delay_ms);
    return true;
  });
}

void TimerQueue::SetWake(TimePoint last_now) {
  if (compatibility_ == Compatibility::kRota) {
    wake_ = wake_expiry_ = lists_in_use_ > 0 ? wake_expiry_ : kNoDeadline;
  } else if (lists_in_use_ > 0) {
    // As in libuv, whose shortest timer is 1 ms: what has become due meanwhile is due then.
    wake_ = std::max(wake_expiry_, last_now + milliseconds(1));
  }
}

}  // namespace rota
