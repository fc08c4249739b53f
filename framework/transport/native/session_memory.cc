#include "framework/transport/native/session_memory.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>

#include "framework/base/block_pool.h"

namespace rota::native {
namespace {

// Before each block. Short, because header fields in the tables of many connections are.
struct alignas(uint64_t) Header {
  uint32_t size;  // that was asked for
};

size_t WithHeader(size_t size) { return sizeof(Header) + size; }
Header* HeaderOf(void* block) { return static_cast<Header*>(block) - 1; }

void* Allocate(size_t size, void*) {
  if (size > std::numeric_limits<uint32_t>::max()) return nullptr;
  void* const memory = BlockPool::Allocate(WithHeader(size), std::nothrow);
  if (memory == nullptr) return nullptr;
  return ::new (memory) Header{static_cast<uint32_t>(size)} + 1;
}

void Free(void* block, void*) {
  if (block == nullptr) return;
  Header* const header = HeaderOf(block);
  BlockPool::Free(header, WithHeader(header->size));
}

void* AllocateZeroed(size_t count, size_t size, void* user) {
  if (size > 0 && count > std::numeric_limits<uint32_t>::max() / size) return nullptr;
  void* const block = Allocate(count * size, user);
  if (block != nullptr) std::memset(block, 0, count * size);
  return block;
}

void* Resize(void* block, size_t size, void* user) {
  if (block == nullptr) return Allocate(size, user);
  Header* const header = HeaderOf(block);
  if (BlockPool::Room(WithHeader(size)) == BlockPool::Room(WithHeader(header->size))) {
    header->size = static_cast<uint32_t>(size);
    return block;
  }
  void* const resized = Allocate(size, user);
  if (resized == nullptr) return nullptr;
  std::memcpy(resized, block, std::min<size_t>(header->size, size));
  Free(block, user);
  return resized;
}

}  // namespace

nghttp2_mem SessionMemory() {
  return {.mem_user_data = nullptr, .malloc = Allocate, .free = Free, .calloc = AllocateZeroed, .realloc = Resize};
}

}  // namespace rota::native
