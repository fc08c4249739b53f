#ifndef ROTA_BASE_RING_QUEUE_H_
#define ROTA_BASE_RING_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "framework/base/check.h"

namespace rota {

// FIFO queue in one block of memory that grows by doubling and is kept for reuse, so a queue that has reached its
// size allocates no more. Every element has a position that never changes, which lets its owner take it back
// from the middle in constant time (see At()).
// Thread: one.
template <typename T>
class RingQueue {
 public:
  RingQueue() = default;
  RingQueue(const RingQueue&) = delete;
  RingQueue& operator=(const RingQueue&) = delete;

  bool empty() const noexcept { return head_ == tail_; }
  size_t size() const noexcept { return static_cast<size_t>(tail_ - head_); }

  // Appends `value`; returns its position.
  uint64_t Push(T value) {
    if (size() == capacity_) Grow();
    slots_[Index(tail_)] = std::move(value);
    return tail_++;
  }
  // Takes the oldest element. Undefined when empty().
  T Pop() {
    ROTA_DCHECK(!empty(), "Pop() of an empty queue");
    return std::exchange(slots_[Index(head_++)], T());
  }
  T& Front() { return slots_[Index(head_)]; }
  // The element at a position that Push() returned, or null once it was popped.
  T* At(uint64_t position) {
    return position >= head_ && position < tail_ ? &slots_[Index(position)] : nullptr;
  }

 private:
  size_t Index(uint64_t position) const noexcept { return static_cast<size_t>(position) & (capacity_ - 1); }
  void Grow() {
    const size_t capacity = capacity_ == 0 ? 16 : capacity_ * 2;
    auto slots = std::make_unique<T[]>(capacity);
    for (uint64_t i = head_; i != tail_; ++i) slots[static_cast<size_t>(i) & (capacity - 1)] = std::move(slots_[Index(i)]);
    slots_ = std::move(slots);
    capacity_ = capacity;
  }

  std::unique_ptr<T[]> slots_;
  size_t capacity_ = 0;  // A power of two, or 0.
  uint64_t head_ = 0;
  uint64_t tail_ = 0;
};

}  // namespace rota

#endif  // ROTA_BASE_RING_QUEUE_H_
