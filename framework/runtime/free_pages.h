#ifndef ROTA_RUNTIME_FREE_PAGES_H_
#define ROTA_RUNTIME_FREE_PAGES_H_

#include <cstddef>

namespace rota {

// Gives the pages of memory that is free in the heap back to the system, in steps. malloc_trim() does it in one go, under the lock of
// the heap: for the 130 MB that 5,000 connections have left that takes 12 ms, in which whoever allocates waits. Here blocks are taken
// from the heap until it has no more, the pages inside of each are dropped, and then the blocks are given back. A page in which a
// block begins stays: what malloc_trim() finds afterwards is one page in 30, and pages that lie between short blocks.
// Thread: the main thread, whose heap ends at the program break. In another one it finds nothing.
// Owner:  IdleHeap. Its end gives back all at once.
// Source: malloc(3), madvise(2), sbrk(2).
class FreePages {
 public:
  // What one step takes at most: of memory, and of blocks.
  static constexpr size_t kStepBytes = 2 << 20;
  static constexpr size_t kStepBlocks = 256;

  FreePages() = default;
  ~FreePages();
  FreePages(const FreePages&) = delete;
  FreePages& operator=(const FreePages&) = delete;

  // Takes some of what is free and drops its pages. False: that was all.
  bool TakeSome();
  // Gives some of what was taken back to the heap. False: that was all, and TakeSome() begins anew.
  bool GiveBackSome();

 private:
  struct Block {
    Block* next;
  };

  // What was taken, in its own first bytes.
  Block* taken_ = nullptr;
  // Of the sizes that are tried, from the largest to the smallest.
  size_t size_ = 0;
};

}  // namespace rota

#endif  // ROTA_RUNTIME_FREE_PAGES_H_
