#ifndef ROTA_BASE_SLAB_POOL_H_
#define ROTA_BASE_SLAB_POOL_H_

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "framework/base/pools.h"
#include "framework/base/ring.h"

namespace rota {

// Memory for many objects of one size, in slabs of 64 KiB: a slot costs its size, and taking one or giving it back a few
// instructions. Slabs that are empty go back to the heap, except for one that is kept for the next rush. Where
// pools keep nothing, each slot is a block of the heap. Which pool is for what: pools.h.
// Thread: one.
// Owner:  anyone. Slots may outlive their pool: a slab lives until its last slot was given back.
// Bound:  none; of memory that is taken, no more than a slab and what lies idle between taken slots is kept.
class SlabPool {
 public:
  // Slots of at least `slot_bytes`, at multiples of 16.
  explicit SlabPool(size_t slot_bytes);
  ~SlabPool();
  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;

  [[gnu::always_inline]] void* Take() {
    if constexpr (!kPoolsKeep) return ::operator new(slot_bytes_);
    return spare_ != nullptr ? std::exchange(spare_, nullptr) : TakeFromSlab();
  }

  // Gives back what Take() has returned, of whichever pool of this thread.
  static void GiveBack(void* memory) {
    if constexpr (!kPoolsKeep) return ::operator delete(memory);
    Slab& slab = *reinterpret_cast<Slab*>(reinterpret_cast<uintptr_t>(memory) & ~uintptr_t{kSlabBytes - 1});
    auto* slot = static_cast<Slot*>(memory);
    // The last one is kept by itself: where one is given back for one that is taken, the slabs see nothing of it.
    if (slab.pool != nullptr) {
      slot = std::exchange(slab.pool->spare_, slot);
      if (slot == nullptr) return;
    }
    GiveBackToSlab(slot);
  }

 private:
  static constexpr size_t kSlabBytes = 64 * 1024;

  struct Slot {
    Slot* next;
  };
  // Begins each slab, which lies at a multiple of its size.
  struct Slab : RingLink {
    bool is_full() const { return free == nullptr && unused == end; }
    SlabPool* pool = nullptr;  // Null once the pool is gone.
    Slot* free = nullptr;
    // From here to `end` are slots that were never used.
    char* unused = nullptr;
    char* end = nullptr;
    size_t taken = 0;
  };

  void* TakeFromSlab();
  static void GiveBackToSlab(Slot* slot);
  void AddSlab();
  // What is taken next comes from the slab that was given back to last: it is the most likely to be in the cache.
  static void AfterGiveBack(Slab& slab);

  // Constant after construction.
  const size_t slot_bytes_;

  // All slabs, the full ones last.
  Ring<Slab> slabs_;
  size_t empty_slabs_ = 0;
  // Given back last; its slab counts it as taken.
  Slot* spare_ = nullptr;
};

}  // namespace rota

#endif  // ROTA_BASE_SLAB_POOL_H_
