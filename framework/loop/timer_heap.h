#ifndef ROTA_LOOP_TIMER_HEAP_H_
#define ROTA_LOOP_TIMER_HEAP_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "framework/loop/timer_lists.h"
#include "framework/loop/timer_node.h"

namespace rota {

// A binary heap of lists of timers by key. TimerLists keeps where each of them lies.
// Thread: loop.
// Owner:  TimerQueue. `lists` must outlive it.
// Cost:   Put() of a key that is later than most: constant; else and for the others the logarithm of the size.
class TimerHeap {
 public:
  struct Entry {
    TimerKey key;
    int32_t delay_ms;
  };

  explicit TimerHeap(TimerLists& lists) : lists_(lists) {}

  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }
  const Entry& top() const { return entries_.front(); }
  // In no order.
  const std::vector<Entry>& entries() const { return entries_; }

  // Puts the list of `delay_ms` into the heap with `key`, or gives it that key if it has a later one there.
  void Put(const TimerKey& key, int32_t delay_ms);
  // Gives the top a key that is not before its own.
  void PutOffTop(const TimerKey& key);
  void PopTop();
  // Takes out each entry of which drop(entry) is true.
  template <typename Drop>
  void DropIf(Drop drop) {
    const std::vector<Entry> before = std::exchange(entries_, {});
    entries_.reserve(before.size());
    for (const Entry& entry : before) {
      if (!drop(entry)) Append(entry);
    }
  }

 private:
  void Append(const Entry& entry);
  void SiftDown(size_t i);
  void SiftUp(size_t i);
  void Place(size_t i, const Entry& entry);

  TimerLists& lists_;
  std::vector<Entry> entries_;
};

}  // namespace rota

#endif  // ROTA_LOOP_TIMER_HEAP_H_
