#include "framework/transport/native/session_memory.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "framework/base/block_pool.h"

namespace rota::native {
namespace {

// What lies before each block, because nghttp2 does not tell the size when it gives one back.
struct alignas(std::max_align_t) Header {
  size_t block_bytes;
};

Header* HeaderOf(void* memory) { return static_cast<Header*>(memory) - 1; }

// nghttp2 handles a null itself: it ends the connection.
void* Allocate(size_t size, void*) {
  if (size > SIZE_MAX - sizeof(Header)) return nullptr;
  const size_t block_bytes = size + sizeof(Header);
  try {
    return ::new (BlockPool::Allocate(block_bytes)) Header{block_bytes} + 1;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void Free(void* memory, void*) {
  if (memory != nullptr) BlockPool::Free(HeaderOf(memory), HeaderOf(memory)->block_bytes);
}

void* AllocateZeroed(size_t count, size_t size, void*) {
  if (size != 0 && count > SIZE_MAX / size) return nullptr;
  void* const memory = Allocate(count * size, nullptr);
  if (memory != nullptr) std::memset(memory, 0, count * size);
  return memory;
}

void* Reallocate(void* memory, size_t size, void*) {
  void* const larger = Allocate(size, nullptr);
  if (larger == nullptr || memory == nullptr) return larger;
  std::memcpy(larger, memory, std::min(size, HeaderOf(memory)->block_bytes - sizeof(Header)));
  Free(memory, nullptr);
  return larger;
}

}  // namespace

nghttp2_mem* SessionMemory() {
  static nghttp2_mem memory{nullptr, &Allocate, &Free, &AllocateZeroed, &Reallocate};
  return &memory;
}

}  // namespace rota::native
