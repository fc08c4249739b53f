#include "framework/transport/native/session_memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROTA_SESSION_MEMORY_OFF 1
#endif
#endif

namespace rota::native {
namespace {

#ifdef ROTA_SESSION_MEMORY_OFF
constexpr size_t kKept = 0;
#else
constexpr size_t kKept = SessionMemory::kKeptBytes;
#endif

SessionMemory& Of(void* user) { return *static_cast<SessionMemory*>(user); }

}  // namespace

SessionMemory::SessionMemory()
    : memory_{.mem_user_data = this,
              .malloc = [](size_t size, void* user) { return Of(user).Allocate(size); },
              .free = [](void* block, void* user) { Of(user).Free(block); },
              .calloc =
                  [](size_t count, size_t size, void* user) {
                    void* const block = Of(user).Allocate(count * size);
                    if (block != nullptr) std::memset(block, 0, count * size);
                    return block;
                  },
              .realloc = [](void* block, size_t size, void* user) { return Of(user).Resize(block, size); }} {}

SessionMemory::~SessionMemory() { Trim(); }

void SessionMemory::Trim() {
  for (List& list : lists_) {
    while (Link* const link = list.head) {
      list.head = link->next;
      std::free(reinterpret_cast<Header*>(link) - 1);
    }
    list.length = 0;
  }
}

void* SessionMemory::Allocate(size_t size) {
  if (size > std::numeric_limits<uint32_t>::max()) return nullptr;
  const size_t index = IndexFor(size);
  if (index < kLists && lists_[index].head != nullptr) {
    List& list = lists_[index];
    Link* const link = list.head;
    list.head = link->next;
    --list.length;
    (reinterpret_cast<Header*>(link) - 1)->size = static_cast<uint32_t>(size);
    return link;
  }
  // Blocks of a list are all as long as the longest of them.
  const size_t room = index < kLists ? (index + 1) * kGrain : size;
  auto* const header = static_cast<Header*>(std::malloc(sizeof(Header) + room));
  if (header == nullptr) return nullptr;
  header->size = static_cast<uint32_t>(size);
  header->index = static_cast<uint32_t>(index);
  return header + 1;
}

void* SessionMemory::Resize(void* block, size_t size) {
  if (block == nullptr) return Allocate(size);
  const size_t old_size = (static_cast<Header*>(block) - 1)->size;
  void* const larger = Allocate(size);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, block, std::min(old_size, size));
  Free(block);
  return larger;
}

void SessionMemory::Free(void* block) {
  if (block == nullptr) return;
  Header* const header = static_cast<Header*>(block) - 1;
  if (header->index < kLists) {
    List& list = lists_[header->index];
    if ((list.length + 1) * (header->index + 1) * kGrain <= kKept) {
      list.head = ::new (block) Link{list.head};
      ++list.length;
      return;
    }
  }
  std::free(header);
}

}  // namespace rota::native
