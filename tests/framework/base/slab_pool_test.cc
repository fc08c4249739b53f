#include "framework/base/slab_pool.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "framework/base/pools.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

TEST(SlabPoolTest, SlotsOfRandomUseNeverOverlapAndAreAligned) {
  SlabPool pool(120);
  std::mt19937 random(3);
  std::vector<unsigned char*> taken;
  for (int step = 0; step < 50'000; ++step) {
    // Grows to some slabs, shrinks, and grows again.
    if (taken.empty() || random() % 100 < (step / 5000 % 2 == 0 ? 70u : 25u)) {
      auto* const slot = static_cast<unsigned char*>(pool.Take());
      ASSERT_EQ(reinterpret_cast<uintptr_t>(slot) % 16, 0u);
      std::memset(slot, static_cast<int>(reinterpret_cast<uintptr_t>(slot) >> 4 & 0xff), 120);
      taken.push_back(slot);
    } else {
      std::swap(taken[random() % taken.size()], taken.back());
      unsigned char* const slot = taken.back();
      taken.pop_back();
      for (int i = 0; i < 120; ++i) ASSERT_EQ(slot[i], reinterpret_cast<uintptr_t>(slot) >> 4 & 0xff);
      SlabPool::GiveBack(slot);
    }
  }
  EXPECT_EQ(std::set<unsigned char*>(taken.begin(), taken.end()).size(), taken.size());
  for (unsigned char* slot : taken) SlabPool::GiveBack(slot);
}

TEST(SlabPoolTest, ASlotThatWasGivenBackIsTakenNext) {
  if (!kPoolsKeep) GTEST_SKIP() << "slots are blocks of the heap";
  SlabPool pool(64);
  void* const first = pool.Take();
  void* const second = pool.Take();
  EXPECT_NE(first, second);
  SlabPool::GiveBack(first);
  EXPECT_EQ(pool.Take(), first);
  SlabPool::GiveBack(first);
  SlabPool::GiveBack(second);
}

TEST(SlabPoolTest, ASlotIsNeverTakenTwiceAroundTheLastThatWasGivenBack) {
  SlabPool pool(64);
  void* const first = pool.Take();
  void* const second = pool.Take();
  SlabPool::GiveBack(first);
  SlabPool::GiveBack(second);
  const std::set<void*> taken = {pool.Take(), pool.Take(), pool.Take()};
  EXPECT_EQ(taken.size(), 3u);
  for (void* slot : taken) SlabPool::GiveBack(slot);
}

TEST(SlabPoolTest, ASlotMayOutliveItsPool) {
  auto pool = std::make_unique<SlabPool>(128);
  std::vector<void*> slots;
  for (int i = 0; i < 2000; ++i) slots.push_back(pool->Take());
  pool.reset();
  for (void* slot : slots) std::memset(slot, 1, 128);
  for (void* slot : slots) SlabPool::GiveBack(slot);
}

}  // namespace
}  // namespace rota
