#ifndef ROTA_BASE_BLOCK_POOL_H_
#define ROTA_BASE_BLOCK_POOL_H_

#include <array>
#include <cstddef>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROTA_BLOCK_POOL_OFF 1
#endif
#endif

namespace rota {

// Memory for what a request makes and drops again: frames of coroutines, calls, contexts, short messages. Free lists by size,
// so that a request whose objects have the usual sizes costs no allocation. Off under AddressSanitizer, which could not see a
// block that is used after its end.
// Thread: any; each has a pool of its own, and a block goes to the pool of the thread that frees it.
// Bound:  kKeep blocks of each size are kept for each thread, until Trim(); larger ones than kLargest come from the heap.
class BlockPool {
 public:
  static constexpr size_t kGrain = 64;
  static constexpr size_t kLargest = 2048;
  static constexpr size_t kKeep = 1024;

  ~BlockPool() { Clear(); }

  static void* Allocate(size_t size) {
#ifndef ROTA_BLOCK_POOL_OFF
    if (size <= kLargest) {
      List& list = ForThread().lists_[Index(size)];
      if (list.head != nullptr) return list.Pop();
      return ::operator new((Index(size) + 1) * kGrain);
    }
#endif
    return ::operator new(size);
  }
  static void Free(void* block, size_t size) {
#ifndef ROTA_BLOCK_POOL_OFF
    if (size <= kLargest) {
      List& list = ForThread().lists_[Index(size)];
      if (list.length < kKeep) return list.Push(block);
    }
#else
    static_cast<void>(size);
#endif
    ::operator delete(block);
  }

  // Gives what this thread keeps back to the heap.
  static void Trim() { ForThread().Clear(); }

 private:
  void Clear() {
    for (List& list : lists_) {
      while (list.head != nullptr) ::operator delete(list.Pop());
    }
  }

  struct Link {
    Link* next;
  };
  struct List {
    void Push(void* block) {
      head = ::new (block) Link{head};
      ++length;
    }
    void* Pop() {
      Link* const block = head;
      head = block->next;
      --length;
      return block;
    }
    Link* head = nullptr;
    size_t length = 0;
  };

  static constexpr size_t Index(size_t size) { return (size - 1) / kGrain; }
  static BlockPool& ForThread() {
    static thread_local BlockPool pool;
    return pool;
  }

  std::array<List, kLargest / kGrain> lists_{};
};

// A base of objects that come from the pool: class Call : public Pooled { ... };
class Pooled {
 public:
  static void* operator new(size_t size) { return BlockPool::Allocate(size); }
  static void operator delete(void* block, size_t size) { BlockPool::Free(block, size); }
};

}  // namespace rota

#endif  // ROTA_BASE_BLOCK_POOL_H_
