#include "framework/loop/timer_queue.h"

#include <algorithm>
#include <utility>

namespace rota {

using std::chrono::milliseconds;

TimerQueue::~TimerQueue() {
  // A callback's destructor may drop other timers, so every list is emptied node by node.
  while (!heap_.empty()) {
    TimerList& list = *heap_.front().list;
    if (list.first == nullptr) {
      RemoveList(list);
      continue;
    }
    const Ref<TimerNode> node(list.first);
    Unlink(*node);
    SetActive(*node, false);
  }
}

bool TimerQueue::Arm(TimerNode& node, TimePoint now) {
  if (node.cleared) return false;
  Insert(node, now);
  if (node.active) return false;
  SetActive(node, true);
  return true;
}

void TimerQueue::Clear(TimerNode& node) {
  if (node.silenced) return;
  node.silenced = true;
  const Ref<TimerNode> keep(&node);
  // In Node a timer that has fired before it is cleared can be armed again, and fires without effect.
  if (node.active || compatibility_ == Compatibility::kRota) node.cleared = true;
  if (node.active) {
    if (node.list != nullptr) Unlink(node);
    // In Node an unref'd timer leaves its list behind, empty, until it expires: the expiry and the age of the list count for
    // the next timer. Deadlines are such timers and their lengths come from peers, so here they must leave nothing.
    if (node.has_ref || compatibility_ == Compatibility::kRota) {
      const auto it = lists_.find(node.delay_ms);
      if (it != lists_.end() && it->second->first == nullptr) RemoveList(*it->second);
    }
    SetActive(node, false);
  }
  // Destroyed last: its destructor may look at this queue again.
  if (!node.running) {
    const Callback dropped = std::move(node.callback);
  }
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
    Insert(node, started);
  } else if (node.list == nullptr) {
    SetActive(node, false);
    if (!node.silenced) return;
    const Callback dropped = std::move(node.callback);
  }
}

void TimerQueue::Insert(TimerNode& node, TimePoint start) {
  const Ref<TimerNode> keep(&node);
  node.start = start;
  // First the list, then out of it: a list whose only timer is armed anew keeps its expiry and age.
  TimerList& list = ListOf(node.delay_ms, start);
  if (node.list != nullptr) Unlink(node);
  Link(list, node);
}

TimerList& TimerQueue::ListOf(int64_t delay_ms, TimePoint start) {
  std::unique_ptr<TimerList>& slot = lists_[delay_ms];
  if (slot == nullptr) {
    slot = std::make_unique<TimerList>();
    slot->delay_ms = delay_ms;
    const TimePoint expiry = start + milliseconds(delay_ms);
    heap_.push_back({expiry, next_id_++, slot.get()});
    slot->heap_index = heap_.size() - 1;
    SiftUp(slot->heap_index);
    if (expiry < wake_expiry_) wake_ = wake_expiry_ = expiry;
  }
  return *slot;
}

void TimerQueue::Link(TimerList& list, TimerNode& node) {
  node.list = &list;
  node.next = nullptr;
  node.previous = list.last;
  (list.last == nullptr ? list.first : list.last->next) = &node;
  list.last = &node;
  node.Acquire();
}

// Leaves an empty list in place: its expiry and age count for a timer that the running callback arms with the same delay.
void TimerQueue::Unlink(TimerNode& node) {
  TimerList& list = *std::exchange(node.list, nullptr);
  (node.previous == nullptr ? list.first : node.previous->next) = node.next;
  (node.next == nullptr ? list.last : node.next->previous) = node.previous;
  node.previous = node.next = nullptr;
  node.Release();
}

void TimerQueue::SetWake(TimePoint last_now) {
  // As in libuv, whose shortest timer is 1 ms: what has become due meanwhile is due then.
  wake_ = compatibility_ == Compatibility::kNode ? std::max(wake_expiry_, last_now + milliseconds(1)) : wake_expiry_;
}

void TimerQueue::Reschedule(TimerList& list, TimePoint expiry) {
  heap_[list.heap_index].expiry = expiry;
  // As in Node, a list that was put off counts as new where expiries are equal.
  heap_[list.heap_index].id = next_id_++;
  SiftDown(list.heap_index);
}

void TimerQueue::RemoveList(TimerList& list) {
  const size_t i = list.heap_index;
  const HeapEntry last = heap_.back();
  heap_.pop_back();
  if (i < heap_.size()) {
    Place(i, last);
    SiftUp(i);
    SiftDown(last.list->heap_index);
  }
  const auto it = lists_.find(list.delay_ms);
  if (&list == running_) removed_ = std::move(it->second);
  lists_.erase(it);
}

void TimerQueue::Place(size_t i, const HeapEntry& entry) {
  heap_[i] = entry;
  entry.list->heap_index = i;
}

void TimerQueue::SiftUp(size_t i) {
  const HeapEntry entry = heap_[i];
  while (i > 0 && entry < heap_[(i - 1) / 2]) {
    Place(i, heap_[(i - 1) / 2]);
    i = (i - 1) / 2;
  }
  Place(i, entry);
}

void TimerQueue::SiftDown(size_t i) {
  const HeapEntry entry = heap_[i];
  for (size_t child = 2 * i + 1; child < heap_.size(); child = 2 * i + 1) {
    if (child + 1 < heap_.size() && heap_[child + 1] < heap_[child]) ++child;
    if (!(heap_[child] < entry)) break;
    Place(i, heap_[child]);
    i = child;
  }
  Place(i, entry);
}

}  // namespace rota
