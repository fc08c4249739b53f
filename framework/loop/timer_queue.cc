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
  // A callback's destructor may drop other timers, so every list is emptied node by node.
  while (!heap_.empty()) {
    TimerList& list = lists_.Get(heap_.back().delay_ms);
    if (list.first == nullptr) {
      heap_.pop_back();
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
  // The callback, which is destroyed at the end, is there by then.
  __builtin_prefetch(&node.callback, 1);
  node.silenced = true;
  const Ref<TimerNode> keep(&node);
  // In Node a timer that has fired before it is cleared can be armed again, and fires without effect.
  if (node.active || compatibility_ == Compatibility::kRota) node.cleared = true;
  if (node.active) {
    if (node.list != nullptr) Unlink(node);
    // In Node an unref'd timer leaves its list behind, empty, until it expires: the expiry and the age of the list count for
    // the next timer. Deadlines are such timers and their lengths come from peers, so here they must leave nothing.
    if (node.has_ref || compatibility_ == Compatibility::kRota) {
      TimerList& list = lists_.Get(node.delay_ms);
      if (list.in_use() && list.first == nullptr) EndList(list);
    }
    SetActive(node, false);
  }
  // Destroyed last: its destructor may look at this queue again.
  if (!node.running) node.callback = nullptr;
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
    if (node.silenced) node.callback = nullptr;
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

TimerList& TimerQueue::ListOf(int32_t delay_ms, TimePoint start) {
  TimerList& list = lists_.Get(delay_ms);
  if (!list.in_use()) BeginList(list, delay_ms, start + milliseconds(delay_ms));
  return list;
}

void TimerQueue::BeginList(TimerList& list, int32_t delay_ms, TimePoint expiry) {
  ++lists_in_use_;
  SetKey(list, delay_ms, expiry);
  if (expiry < wake_expiry_) wake_ = wake_expiry_ = expiry;
}

void TimerQueue::SetKey(TimerList& list, int32_t delay_ms, TimePoint expiry) {
  // The rule is that the list lies in the heap with this key or an older one: it finds its place when it comes to the top.
  const bool is_later = expiry >= list.key.expiry;
  list.key = {expiry, next_id_++};
  if (!is_later) PutIntoHeap(list.key, delay_ms);
}

void TimerQueue::PutIntoHeap(const TimerKey& key, int32_t delay_ms) {
  const uint32_t index = lists_.HeapIndex(delay_ms);
  if (index == TimerLists::kNotInHeap) {
    heap_.push_back({key, delay_ms});
    SiftUp(heap_.size() - 1);
  } else if (key < heap_[index].key) {
    heap_[index].key = key;
    SiftUp(index);
  }
}

void TimerQueue::EndList(TimerList& list) {
  list.key.id = 0;
  --lists_in_use_;
  if (heap_.size() - lists_in_use_ > std::max(kMostEnded, lists_in_use_) && !running_) Sweep();
}

bool TimerQueue::SettleTop() {
  while (!heap_.empty()) {
    HeapEntry& top = heap_.front();
    const TimerList& list = lists_.Get(top.delay_ms);
    if (!list.in_use()) {
      lists_.Drop(top.delay_ms);
      PopHeap();
    } else if (list.key == top.key) {
      return true;
    } else {
      top.key = list.key;
      SiftDown(0);
    }
  }
  return false;
}

void TimerQueue::Sweep() {
  const std::vector<HeapEntry> entries = std::exchange(heap_, {});
  heap_.reserve(entries.size());
  for (const HeapEntry& entry : entries) {
    if (lists_.Get(entry.delay_ms).in_use()) {
      heap_.push_back(entry);
      SiftUp(heap_.size() - 1);
    } else {
      lists_.Drop(entry.delay_ms);
    }
  }
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

void TimerQueue::PopHeap() {
  const HeapEntry last = heap_.back();
  heap_.pop_back();
  if (heap_.empty()) return;
  Place(0, last);
  SiftDown(0);
}

void TimerQueue::Place(size_t i, const HeapEntry& entry) {
  heap_[i] = entry;
  lists_.HeapIndex(entry.delay_ms) = static_cast<uint32_t>(i);
}

void TimerQueue::SiftUp(size_t i) {
  const HeapEntry entry = heap_[i];
  while (i > 0 && entry.key < heap_[(i - 1) / 2].key) {
    Place(i, heap_[(i - 1) / 2]);
    i = (i - 1) / 2;
  }
  Place(i, entry);
}

void TimerQueue::SiftDown(size_t i) {
  const HeapEntry entry = heap_[i];
  for (size_t child = 2 * i + 1; child < heap_.size(); child = 2 * i + 1) {
    if (child + 1 < heap_.size() && heap_[child + 1].key < heap_[child].key) ++child;
    if (!(heap_[child].key < entry.key)) break;
    Place(i, heap_[child]);
    i = child;
  }
  Place(i, entry);
}

}  // namespace rota
