#ifndef ROTA_LOOP_POSTED_BATCH_H_
#define ROTA_LOOP_POSTED_BATCH_H_

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace rota {

// Callbacks in blocks of a page, first in, first out: adding one moves no other, and blocks are used again. A callback takes
// a word and what its captures take: what other threads write and the loop reads goes from one cache to the other, so it is to be little.
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
    using Callable = std::decay_t<F>;
    if constexpr (sizeof(Record<Callable>) <= kLargest && alignof(Callable) <= alignof(Header)) {
      AddRecord<Callable>(std::forward<F>(callable));
    } else {
      AddRecord<OnHeap<Callable>>(OnHeap<Callable>{std::make_unique<Callable>(std::forward<F>(callable))});
    }
  }
  // Calls the first. Undefined when empty().
  void CallFront() {
    Header* const header = Front();
    header->operations->call(header);
  }
  // Destroys the first.
  void DropFront() {
    Header* const header = Front();
    const Operations& operations = *header->operations;
    if (operations.destroy != nullptr) operations.destroy(header);
    --size_;
    if ((first_->begin += operations.bytes) == first_->end) RemoveBlock();
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
  // With the heap's own header a page.
  static constexpr size_t kBlockBytes = 4096 - 16;
  static constexpr size_t kLargest = 512;
  // A megabyte of blocks is kept for the next rush.
  static constexpr size_t kMostSpares = 256;

  struct Header;
  struct Operations {
    void (*call)(Header* record);
    // Null: there is nothing to destroy.
    void (*destroy)(Header* record);
    // Of the record.
    size_t bytes;
  };
  struct Header {
    const Operations* operations;
  };
  template <typename Callable>
  struct Record : Header {
    template <typename F>
    explicit Record(F&& f) : Header{&kOperations<Callable>}, callable(std::forward<F>(f)) {}
    Callable callable;
  };
  // Of what is too large for a block.
  template <typename Callable>
  struct OnHeap {
    void operator()() const { (*callable)(); }
    std::unique_ptr<Callable> callable;
  };

  template <typename Callable>
  static constexpr Operations kOperations = {
      [](Header* record) { static_cast<Record<Callable>*>(record)->callable(); },
      std::is_trivially_destructible_v<Callable> ? nullptr
                                                 : +[](Header* record) { static_cast<Record<Callable>*>(record)->~Record<Callable>(); },
      sizeof(Record<Callable>),
  };

  struct Block {
    Block* next = nullptr;
    // Records lie from begin to end, in bytes.
    size_t begin = 0;
    size_t end = 0;
    alignas(Header) std::byte storage[kBlockBytes - 3 * sizeof(size_t)];
  };

  template <typename Callable, typename F>
  void AddRecord(F&& callable) {
    if (last_ == nullptr || sizeof(last_->storage) - last_->end < sizeof(Record<Callable>)) AddBlock();
    ::new (static_cast<void*>(last_->storage + last_->end)) Record<Callable>(std::forward<F>(callable));
    last_->end += sizeof(Record<Callable>);
    ++size_;
  }
  Header* Front() { return std::launder(reinterpret_cast<Header*>(first_->storage + first_->begin)); }

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
