#ifndef ROTA_BASE_BLOCK_POOL_H_
#define ROTA_BASE_BLOCK_POOL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

#include "framework/base/pools.h"

namespace rota {

// Memory for what a request makes and drops again. Free lists by size, so that a request whose objects have the usual sizes
// costs no allocation. Which pool is for what: pools.h.
// Thread: any; each has a pool of its own, and a block goes to the pool of the thread that frees it.
// Errors: std::bad_alloc, or null for who passes std::nothrow.
// Bound:  kKeptBytes in blocks of each size are kept for each thread, until Trim(); larger ones than kLargest come from the heap.
class BlockPool {
 public:
  // Blocks are 8, 40, 72, ... bytes long: as much as the heap of glibc gives for the price of 16, 48, 80.
  static constexpr size_t kGrain = 32;
  static constexpr size_t kShortest = 8;
  static constexpr size_t kSizes = 65;
  static constexpr size_t kLargest = kShortest + (kSizes - 1) * kGrain;
  static constexpr size_t kKeptBytes = 512 << 10;

  // What a block for `size` bytes has room for.
  static constexpr size_t Room(size_t size) {
    return kPoolsKeep && size <= kLargest ? kShortest + Index(size) * kGrain : size;
  }

  static void* Allocate(size_t size) {
    if (void* const kept = TakeKept(size)) return kept;
    return ::operator new(Room(size));
  }
  static void* Allocate(size_t size, const std::nothrow_t& nothrow) noexcept {
    if (void* const kept = TakeKept(size)) return kept;
    return ::operator new(Room(size), nothrow);
  }
  // `size` is the one that was asked for, or another one with the same room.
  static void Free(void* block, size_t size) noexcept {
    if (kPoolsKeep && size <= kLargest) {
      List& list = lists_[Index(size)];
      if (list.places > 0 || MakePlaces(list)) {
        list.head = ::new (block) Link{list.head};
        --list.places;
        return;
      }
    }
    ::operator delete(block);
  }

  // Gives what this thread keeps back to the heap, at most `most` blocks of it; true while there is more.
  static bool Trim(size_t most = SIZE_MAX) noexcept;

 private:
  struct Link {
    Link* next;
  };
  struct List {
    Link* head;
    size_t places;  // For further blocks. 0 in a list that no block has come to.
  };

  static constexpr size_t Index(size_t size) { return (size + (kGrain - 1 - kShortest)) / kGrain; }

  static void* TakeKept(size_t size) noexcept {
    if (!kPoolsKeep || size > kLargest) return nullptr;
    List& list = lists_[Index(size)];
    Link* const link = list.head;
    if (link == nullptr) return nullptr;
    list.head = link->next;
    ++list.places;
    return link;
  }
  // When no place is left. False: the list is full.
  static bool MakePlaces(List& list) noexcept;

  // Without a constructor or destructor, for which each use would have to look whether they have run.
  static constinit thread_local std::array<List, kSizes> lists_;
};

inline constinit thread_local std::array<BlockPool::List, BlockPool::kSizes> BlockPool::lists_{};

// A base of objects that come from the pool: class Call : public Pooled { ... };
class Pooled {
 public:
  static void* operator new(size_t size) { return BlockPool::Allocate(size); }
  static void operator delete(void* block, size_t size) { BlockPool::Free(block, size); }
};

}  // namespace rota

#endif  // ROTA_BASE_BLOCK_POOL_H_
