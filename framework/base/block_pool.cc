#include "framework/base/block_pool.h"

namespace rota {
namespace {

// Trims the pool of a thread that ends. A block that is freed after that, by the destructor of an older thread_local, is kept
// and lost.
struct TrimAtEnd {
  ~TrimAtEnd() { BlockPool::Trim(); }
};

}  // namespace

bool BlockPool::MakePlaces(List& list) noexcept {
  if (list.head != nullptr) return false;
  static thread_local const TrimAtEnd trim;
  static_cast<void>(trim);
  list.places = kKeptBytes / Room(static_cast<size_t>(&list - lists_.data()) * kGrain);
  return true;
}

bool BlockPool::Trim(size_t most) noexcept {
  for (List& list : lists_) {
    while (Link* const link = list.head) {
      if (most-- == 0) return true;
      list.head = link->next;
      ++list.places;
      ::operator delete(link);
    }
  }
  return false;
}

}  // namespace rota
