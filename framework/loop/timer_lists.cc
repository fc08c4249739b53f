#include "framework/loop/timer_lists.h"

namespace rota {

TimerList& TimerLists::Make(int32_t delay_ms) {
  const auto ms = static_cast<uint32_t>(delay_ms);
  if (ms / kPage < kPages) {
    pages_[ms / kPage] = std::make_unique<Page>();
    return pages_[ms / kPage]->lists[ms % kPage];
  }
  std::unique_ptr<LongList>& found = long_[delay_ms];
  if (found == nullptr) found = std::make_unique<LongList>();
  return found->list;
}

uint32_t& TimerLists::HeapIndex(int32_t delay_ms) {
  const auto ms = static_cast<uint32_t>(delay_ms);
  return ms / kPage < kPages ? pages_[ms / kPage]->heap_index[ms % kPage] : long_.at(delay_ms)->heap_index;
}

void TimerLists::Drop(int32_t delay_ms) {
  if (static_cast<uint32_t>(delay_ms) / kPage < kPages) {
    Get(delay_ms).key.expiry = kNoDeadline;
    HeapIndex(delay_ms) = kNotInHeap;
  } else {
    long_.erase(delay_ms);
  }
}

}  // namespace rota
