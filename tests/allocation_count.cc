#include "tests/allocation_count.h"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

constinit thread_local uint64_t allocations = 0;

void* OrThrow(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// The other forms call these.
void* operator new(size_t size) {
  ++allocations;
  return OrThrow(std::malloc(size));
}
void* operator new(size_t size, std::align_val_t alignment) {
  ++allocations;
  const size_t grain = static_cast<size_t>(alignment);
  return OrThrow(std::aligned_alloc(grain, (size + grain - 1) / grain * grain));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

namespace rota {

uint64_t AllocationCount() { return allocations; }

}  // namespace rota
