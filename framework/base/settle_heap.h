#ifndef ROTA_BASE_SETTLE_HEAP_H_
#define ROTA_BASE_SETTLE_HEAP_H_

#include <cstdlib>

namespace rota {

// Has the heap of glibc merge and sort what was freed since the last time. By itself it puts that off until somebody asks for a block
// of more than 1 KiB, and then does all of it at once: with what 5,000 connections had left that took 5 ms. For whoever frees many
// blocks in parts: the next one finds little to do.
// Thread: any; the heap of each thread by itself.
// Source: malloc_consolidate() and the unsorted chunks of _int_malloc() in malloc/malloc.c of glibc 2.36.
inline void SettleHeap() {
  // A size that hardly anybody frees: one that fits would be taken, and the rest left as it is.
  void* volatile const block = std::malloc(2472);
  std::free(block);
}

}  // namespace rota

#endif  // ROTA_BASE_SETTLE_HEAP_H_
