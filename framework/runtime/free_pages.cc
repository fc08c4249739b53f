#include "framework/runtime/free_pages.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <new>

#include "framework/base/sanitizers.h"

namespace rota {
namespace {

// The header of a block of the heap.
constexpr size_t kHeader = 16;
// The largest is one for which the heap does not ask the system (M_MMAP_THRESHOLD), the shortest one that has a page inside.
constexpr size_t kSizes[] = {120 << 10, 96 << 10, 72 << 10, 56 << 10, 40 << 10, 28 << 10, 20 << 10, 12 << 10, 8 << 10};

// A block of memory that was free; null where there is none: the heap would have to grow.
void* TakeFree(size_t size) {
  // Those have heaps that never run out of free memory.
  if constexpr (kAddressSanitizer || kThreadSanitizer) return nullptr;
  void* const end = sbrk(0);
  void* const block = std::malloc(size);
  // Beyond it are what the system gave for this block alone, and the heaps of other threads.
  if (std::less<>()(block, end) && sbrk(0) == end) return block;
  std::free(block);
  return nullptr;
}

void DropPages(char* begin, char* end) {
  static const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t first = (reinterpret_cast<uintptr_t>(begin) + page - 1) & ~(page - 1);
  const uintptr_t last = reinterpret_cast<uintptr_t>(end) & ~(page - 1);
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace

FreePages::~FreePages() {
  while (GiveBackSome()) {
  }
}

bool FreePages::TakeSome() {
  for (size_t bytes = 0, blocks = 0; bytes < kStepBytes && blocks < kStepBlocks; ++blocks) {
    const size_t size = kSizes[size_] - kHeader;
    void* const memory = TakeFree(size);
    if (memory == nullptr) {
      if (size_ + 1 == std::size(kSizes)) return false;
      ++size_;
      continue;
    }
    auto* const block = ::new (memory) Block{taken_};
    taken_ = block;
    DropPages(reinterpret_cast<char*>(block + 1), static_cast<char*>(memory) + malloc_usable_size(memory));
    bytes += size;
  }
  return true;
}

bool FreePages::GiveBackSome() {
  for (size_t blocks = 0; blocks < kStepBlocks && taken_ != nullptr; ++blocks) {
    Block* const block = taken_;
    taken_ = block->next;
    std::free(block);
  }
  if (taken_ != nullptr) return true;
  size_ = 0;
  return false;
}

}  // namespace rota
