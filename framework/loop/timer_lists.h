#ifndef ROTA_LOOP_TIMER_LISTS_H_
#define ROTA_LOOP_TIMER_LISTS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <unordered_map>
#include <vector>

#include "framework/loop/timer_node.h"

namespace rota {

// Finds the list of a delay. Delays of up to a minute, which is what nearly all are, have a place of their own in tables
// that are made page by page; the others are in a hash map.
// Thread: loop.
// Owner:  TimerQueue.
class TimerLists {
 public:
  static constexpr uint32_t kNotInHeap = std::numeric_limits<uint32_t>::max();

  // The list of `delay_ms` (at least 1), made when there is none. It stays where it is until Drop().
  TimerList& Get(int32_t delay_ms) {
    const auto ms = static_cast<uint32_t>(delay_ms);
    if (ms / kPage < kPages && pages_[ms / kPage] != nullptr) return pages_[ms / kPage]->lists[ms % kPage];
    return Make(delay_ms);
  }
  // The list of `delay_ms`, which there must be.
  const TimerList& Find(int32_t delay_ms) const {
    const auto ms = static_cast<uint32_t>(delay_ms);
    return ms / kPage < kPages ? pages_[ms / kPage]->lists[ms % kPage] : long_.at(delay_ms)->list;
  }
  // Asks the memory for the list of `delay_ms`, which will be wanted soon.
  void Prefetch(int32_t delay_ms) const {
    const auto ms = static_cast<uint32_t>(delay_ms);
    if (ms / kPage < kPages && pages_[ms / kPage] != nullptr) __builtin_prefetch(&pages_[ms / kPage]->lists[ms % kPage], 1);
  }
  // Where that list lies in the heap; kept by TimerQueue.
  uint32_t& HeapIndex(int32_t delay_ms);
  // For a list that is neither in use nor in the heap.
  void Drop(int32_t delay_ms);

 private:
  static constexpr uint32_t kPage = 64;
  static constexpr uint32_t kPages = 1024;
  struct Page {
    Page() { heap_index.fill(kNotInHeap); }
    std::array<TimerList, kPage> lists;
    std::array<uint32_t, kPage> heap_index;
  };
  struct LongList {
    TimerList list;
    uint32_t heap_index = kNotInHeap;
  };

  TimerList& Make(int32_t delay_ms);

  std::vector<std::unique_ptr<Page>> pages_{kPages};
  std::unordered_map<int32_t, std::unique_ptr<LongList>> long_;
};

}  // namespace rota

#endif  // ROTA_LOOP_TIMER_LISTS_H_
