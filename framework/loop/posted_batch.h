#ifndef ROTA_LOOP_POSTED_BATCH_H_
#define ROTA_LOOP_POSTED_BATCH_H_

#include <cstddef>
#include <new>
#include <utility>

#include "framework/base/callback.h"

namespace rota {

// Callbacks in blocks of a page, first in, first out: adding one moves no other, and blocks are used again.
// Thread: one at a time.
class PostedBatch {
 public:
  PostedBatch() = default;
  PostedBatch(PostedBatch&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)),
        last_(std::exchange(other.last_, nullptr)),
        spare_(std::exchange(other.spare_, nullptr)),
        spares_(std::exchange(other.spares_, 0)),
        size_(std::exchange(other.size_, 0)) {}
  PostedBatch& operator=(PostedBatch&&) = delete;
  // Destructors of the callbacks must not add here.
  ~PostedBatch() {
    while (!empty()) DropFront();
    while (spare_ != nullptr) delete std::exchange(spare_, spare_->next);
  }

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  template <typename F>
  void Add(F&& callable) {
    if (last_ == nullptr || last_->end == kBlock) AddBlock();
    ::new (last_->Place(last_->end)) Callback(std::forward<F>(callable));
    ++last_->end;
    ++size_;
  }
  // Undefined when empty().
  Callback& Front() { return *first_->At(first_->begin); }
  // Destroys the first.
  void DropFront() {
    Block& block = *first_;
    block.At(block.begin)->~Callback();
    --size_;
    if (++block.begin == block.end) RemoveBlock();
  }
  // Exchanges the callbacks, and gives the spare blocks of `this` to `other`.
  void SwapInto(PostedBatch& other) {
    std::swap(first_, other.first_);
    std::swap(last_, other.last_);
    std::swap(size_, other.size_);
    if (other.spare_ == nullptr) {
      std::swap(spare_, other.spare_);
      std::swap(spares_, other.spares_);
    }
  }

 private:
  static constexpr size_t kBlock = 72;
  // A megabyte of blocks is kept for the next rush.
  static constexpr size_t kMostSpares = 256;

  struct Block {
    void* Place(size_t i) { return storage + i * sizeof(Callback); }
    Callback* At(size_t i) { return std::launder(reinterpret_cast<Callback*>(storage + i * sizeof(Callback))); }
    Block* next = nullptr;
    // Callbacks live from begin to end.
    size_t begin = 0;
    size_t end = 0;
    alignas(Callback) std::byte storage[kBlock * sizeof(Callback)];
  };

  void AddBlock() {
    Block* block = spare_;
    if (block != nullptr) {
      spare_ = std::exchange(block->next, nullptr);
      --spares_;
    } else {
      block = new Block;
    }
    (last_ == nullptr ? first_ : last_->next) = block;
    last_ = block;
  }
  void RemoveBlock() {
    Block* const block = first_;
    first_ = std::exchange(block->next, nullptr);
    if (first_ == nullptr) last_ = nullptr;
    block->begin = block->end = 0;
    if (spares_ == kMostSpares) {
      delete block;
      return;
    }
    block->next = std::exchange(spare_, block);
    ++spares_;
  }

  Block* first_ = nullptr;
  Block* last_ = nullptr;
  Block* spare_ = nullptr;
  size_t spares_ = 0;
  size_t size_ = 0;
};

}  // namespace rota

#endif  // ROTA_LOOP_POSTED_BATCH_H_
