#ifndef ROTA_BASE_RING_QUEUE_H_
#define ROTA_BASE_RING_QUEUE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "framework/base/check.h"

namespace rota {

// FIFO queue in blocks of memory that are kept for reuse, so a queue that has reached its size allocates no more.
// Elements never move, so one can be used in its place while others are added (see Take()), and every element has a
// position that never changes, which lets its owner take it back from the middle in constant time (see At()).
// Thread: one.
template <typename T>
class RingQueue {
 public:
  // An element in use.
  class Taken {
   public:
    ~Taken() {
      element_.~T();
      // Those that were taken meanwhile have left their places, too.
      if (queue_.kept_ == position_) queue_.kept_ = queue_.head_;
    }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;
    T& operator*() const noexcept { return element_; }
    T* operator->() const noexcept { return &element_; }

   private:
    friend class RingQueue;
    Taken(RingQueue& queue, uint64_t position) noexcept : queue_(queue), element_(queue.Slot(position)), position_(position) {}

    RingQueue& queue_;
    T& element_;
    const uint64_t position_;
  };

  RingQueue() = default;
  // Destructors of the elements may still push.
  ~RingQueue() {
    while (!empty()) const Taken last = Take();
    for (size_t i = 0; i < count_; ++i) std::allocator<T>().deallocate(blocks_[i], kBlock);
  }
  RingQueue(const RingQueue&) = delete;
  RingQueue& operator=(const RingQueue&) = delete;

  bool empty() const noexcept { return head_ == tail_; }
  size_t size() const noexcept { return static_cast<size_t>(tail_ - head_); }

  // Appends `value`; returns its position.
  uint64_t Push(T value) { return Emplace(std::move(value)); }
  // Appends a T made of `arguments`, in its place; returns its position.
  template <typename... Arguments>
  uint64_t Emplace(Arguments&&... arguments) {
    if (tail_ % kBlock == 0 && tail_ / kBlock - kept_ / kBlock == count_) Grow();
    ::new (static_cast<void*>(&Slot(tail_))) T{std::forward<Arguments>(arguments)...};
    return tail_++;
  }
  // Takes the oldest element out. Undefined when empty().
  T Pop() {
    const Taken oldest = Take();
    return std::move(*oldest);
  }
  // The oldest element, which is no longer counted or found but stays in its place until the end of the Taken; then it is
  // destroyed. Meanwhile the queue may be pushed to and taken from. Undefined when empty().
  [[nodiscard]] Taken Take() noexcept {
    ROTA_DCHECK(!empty(), "an empty queue has nothing to take");
    return Taken(*this, head_++);
  }
  T& Front() { return Slot(head_); }
  // The element at a position that Push() returned, or null once it was taken.
  T* At(uint64_t position) { return position >= head_ && position < tail_ ? &Slot(position) : nullptr; }

 private:
  static constexpr size_t kBlock = 16;

  T& Slot(uint64_t position) noexcept {
    return blocks_[static_cast<size_t>(position / kBlock) & (count_ - 1)][position % kBlock];
  }
  // Twice the blocks. All of the old ones are in use, each for the positions that it had.
  void Grow() {
    const size_t count = std::max<size_t>(1, count_ * 2);
    auto blocks = std::make_unique<T*[]>(count);
    for (size_t i = 0; i < count_; ++i) {
      const size_t number = static_cast<size_t>(kept_ / kBlock) + i;
      blocks[number & (count - 1)] = blocks_[number & (count_ - 1)];
    }
    for (size_t i = 0; i < count; ++i) {
      if (blocks[i] == nullptr) blocks[i] = std::allocator<T>().allocate(kBlock);
    }
    blocks_ = std::move(blocks);
    count_ = count;
  }

  // A power of two of blocks of raw memory. Elements live from kept_ to tail_.
  std::unique_ptr<T*[]> blocks_;
  size_t count_ = 0;
  // The first element that is in use, or head_.
  uint64_t kept_ = 0;
  uint64_t head_ = 0;
  uint64_t tail_ = 0;
};

}  // namespace rota

#endif  // ROTA_BASE_RING_QUEUE_H_
