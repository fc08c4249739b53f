#include "framework/base/slab_pool.h"

#include <cstdlib>
#include <new>

#include "framework/base/check.h"

namespace rota {
namespace {

constexpr size_t kGrain = 16;
// Behind the header; slots of two lines of the cache begin at a pair of them, which is what the processor fetches.
constexpr size_t kFirstSlot = 128;
constexpr size_t kHeapHeader = 64;

}  // namespace

SlabPool::SlabPool(size_t slot_bytes) : slot_bytes_((slot_bytes + kGrain - 1) / kGrain * kGrain) {
  static_assert(sizeof(Slab) <= kFirstSlot);
  ROTA_CHECK(slot_bytes >= sizeof(Slot) && slot_bytes <= kSlabBytes / 8, "not a size for slots of a slab");
}

SlabPool::~SlabPool() {
  if (spare_ != nullptr) GiveBackToSlab(std::exchange(spare_, nullptr));
  while (!slabs_.empty()) {
    Slab& slab = slabs_.front();
    slabs_.Remove(slab);
    slab.pool = nullptr;
    if (slab.taken == 0) std::free(&slab);
  }
}

void* SlabPool::TakeFromSlab() {
  if (slabs_.empty() || slabs_.front().is_full()) AddSlab();
  Slab& slab = slabs_.front();
  Slot* slot = slab.free;
  if (slot != nullptr) {
    slab.free = slot->next;
  } else {
    // Slots that were never used come by their addresses, so memory is touched only when it is needed.
    slot = reinterpret_cast<Slot*>(slab.unused);
    slab.unused += slot_bytes_;
  }
  if (slab.taken++ == 0) --empty_slabs_;
  if (slab.is_full()) slabs_.MoveToBack(slab);
  return slot;
}

void SlabPool::GiveBackToSlab(Slot* slot) {
  Slab& slab = *reinterpret_cast<Slab*>(reinterpret_cast<uintptr_t>(slot) & ~uintptr_t{kSlabBytes - 1});
  slot->next = slab.free;
  slab.free = slot;
  --slab.taken;
  if (slab.taken == 0 || slab.pool == nullptr || &slab.pool->slabs_.front() != &slab) AfterGiveBack(slab);
}

void SlabPool::AddSlab() {
  // A little less than to the next slab: there lies the heap's own header of that one, which would cost it a page.
  void* allocated = nullptr;
  if (posix_memalign(&allocated, kSlabBytes, kSlabBytes - kHeapHeader) != 0) throw std::bad_alloc();
  char* const memory = static_cast<char*>(allocated);
  Slab& slab = *::new (static_cast<void*>(memory)) Slab;
  slab.pool = this;
  slab.unused = memory + kFirstSlot;
  slab.end = slab.unused + (kSlabBytes - kHeapHeader - kFirstSlot) / slot_bytes_ * slot_bytes_;
  ++empty_slabs_;
  slabs_.PushFront(slab);
}

void SlabPool::AfterGiveBack(Slab& slab) {
  SlabPool* const pool = slab.pool;
  if (pool != nullptr && &pool->slabs_.front() != &slab) pool->slabs_.MoveToFront(slab);
  if (slab.taken > 0) return;
  if (pool != nullptr) {
    if (++pool->empty_slabs_ == 1) return;
    --pool->empty_slabs_;
    pool->slabs_.Remove(slab);
  }
  std::free(&slab);
}

}  // namespace rota
