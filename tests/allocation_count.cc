#include "tests/allocation_count.h"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

constinit thread_local uint64_t allocations = 0;

void* Take(size_t size) noexcept {
  ++allocations;
  return std::malloc(size);
}
void* Take(size_t size, std::align_val_t alignment) noexcept {
  ++allocations;
  const size_t grain = static_cast<size_t>(alignment);
  return std::aligned_alloc(grain, (size + grain - 1) / grain * grain);
}
void* OrThrow(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// Each form by itself: those of AddressSanitizer do not call each other, as those of the standard library do.
void* operator new(size_t size) { return OrThrow(Take(size)); }
void* operator new[](size_t size) { return OrThrow(Take(size)); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return Take(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return Take(size); }
void* operator new(size_t size, std::align_val_t alignment) { return OrThrow(Take(size, alignment)); }
void* operator new[](size_t size, std::align_val_t alignment) { return OrThrow(Take(size, alignment)); }
void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept { return Take(size, alignment); }
void* operator new[](size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept { return Take(size, alignment); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

namespace rota {

uint64_t AllocationCount() { return allocations; }

}  // namespace rota
