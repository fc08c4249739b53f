#include "framework/loop/timer_queue.h"

#include <algorithm>
#include <utility>

namespace rota {

using std::chrono::milliseconds;

TimerQueue::~TimerQueue() {
  // A callback's destructor may drop other timers, so every list is emptied node by node.
  while (!heap_.empty()) {
    const Ref<TimerNode> node(heap_.front().list->first);
    if (node) {
      Disarm(*node);
    } else {
      RemoveList(*heap_.front().list);
    }
  }
}

void TimerQueue::Arm(TimerNode& node, TimePoint now) {
  const Ref<TimerNode> keep(&node);
  if (node.list != nullptr) Disarm(node);
  node.start = now;
  Link(ListOf(node.delay_ms, now), node);
}

void TimerQueue::Disarm(TimerNode& node) {
  if (node.list == nullptr) return;
  const Ref<TimerNode> keep(&node);
  TimerList& list = *node.list;
  Unlink(node);
  if (list.first == nullptr) RemoveList(list);
}

void TimerQueue::SetRef(TimerNode& node, bool has_ref) {
  if (node.list != nullptr && node.has_ref != has_ref) {
    if (has_ref) {
      refs_.Add(RefKind::kTimer);
    } else {
      refs_.Remove(RefKind::kTimer);
    }
  }
  node.has_ref = has_ref;
}

TimerList& TimerQueue::ListOf(int64_t delay_ms, TimePoint start) {
  std::unique_ptr<TimerList>& slot = lists_[delay_ms];
  if (slot == nullptr) {
    slot = std::make_unique<TimerList>();
    slot->delay_ms = delay_ms;
    heap_.push_back({start + milliseconds(delay_ms), next_id_++, slot.get()});
    slot->heap_index = heap_.size() - 1;
    SiftUp(slot->heap_index);
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
  if (node.has_ref) refs_.Add(RefKind::kTimer);
}

// Leaves an empty list in place: its expiry and age count for a timer that the running callback arms with the same
// delay. FirstOf() removes it when it is still empty.
void TimerQueue::Unlink(TimerNode& node) {
  TimerList& list = *std::exchange(node.list, nullptr);
  (node.previous == nullptr ? list.first : node.previous->next) = node.next;
  (node.next == nullptr ? list.last : node.next->previous) = node.previous;
  node.previous = node.next = nullptr;
  if (node.has_ref) refs_.Remove(RefKind::kTimer);
  node.Release();
}

TimerNode* TimerQueue::FirstOf(TimerList& list, TimePoint now) {
  if (list.first == nullptr) {
    RemoveList(list);
    return nullptr;
  }
  const TimePoint due = list.first->start + milliseconds(list.delay_ms);
  if (due <= now) return list.first;
  Reschedule(list, due);
  return nullptr;
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
  lists_.erase(list.delay_ms);
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
