#include "framework/loop/timer_heap.h"

namespace rota {

void TimerHeap::Put(const TimerKey& key, int32_t delay_ms) {
  const uint32_t index = lists_.HeapIndex(delay_ms);
  if (index == TimerLists::kNotInHeap) {
    Append({key, delay_ms});
  } else if (key < entries_[index].key) {
    entries_[index].key = key;
    SiftUp(index);
  }
}

void TimerHeap::PutOffTop(const TimerKey& key) {
  entries_.front().key = key;
  SiftDown(0);
}

void TimerHeap::PopTop() {
  const Entry last = entries_.back();
  entries_.pop_back();
  if (entries_.empty()) return;
  Place(0, last);
  SiftDown(0);
}

void TimerHeap::Append(const Entry& entry) {
  entries_.push_back(entry);
  SiftUp(entries_.size() - 1);
}

void TimerHeap::Place(size_t i, const Entry& entry) {
  entries_[i] = entry;
  lists_.HeapIndex(entry.delay_ms) = static_cast<uint32_t>(i);
}

void TimerHeap::SiftUp(size_t i) {
  const Entry entry = entries_[i];
  while (i > 0 && entry.key < entries_[(i - 1) / 2].key) {
    Place(i, entries_[(i - 1) / 2]);
    i = (i - 1) / 2;
  }
  Place(i, entry);
}

void TimerHeap::SiftDown(size_t i) {
  const Entry entry = entries_[i];
  for (size_t child = 2 * i + 1; child < entries_.size(); child = 2 * i + 1) {
    if (child + 1 < entries_.size() && entries_[child + 1].key < entries_[child].key) ++child;
    if (!(entries_[child].key < entry.key)) break;
    Place(i, entries_[child]);
    i = child;
  }
  Place(i, entry);
}

}  // namespace rota
