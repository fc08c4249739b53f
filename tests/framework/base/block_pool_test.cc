#include "framework/base/block_pool.h"

#include <malloc.h>

#include <cstddef>
#include <cstring>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace rota {
namespace {

TEST(BlockPoolTest, BlocksThatAreInUseDoNotOverlap) {
  std::vector<std::pair<char*, size_t>> blocks;
  for (size_t size = 1; size <= BlockPool::kLargest + 100; size += 37) {
    auto* const block = static_cast<char*>(BlockPool::Allocate(size));
    std::memset(block, static_cast<int>(size % 251), size);
    blocks.emplace_back(block, size);
  }
  for (const auto& [block, size] : blocks) {
    EXPECT_EQ(block[0], static_cast<char>(size % 251));
    EXPECT_EQ(block[size - 1], static_cast<char>(size % 251));
    BlockPool::Free(block, size);
  }
}

TEST(BlockPoolTest, MoreThanItKeepsGoBackToTheHeap) {
  std::vector<void*> blocks;
  for (size_t i = 0; i < BlockPool::kKeep * 2; ++i) blocks.push_back(BlockPool::Allocate(100));
  EXPECT_EQ(std::set<void*>(blocks.begin(), blocks.end()).size(), blocks.size());
  for (void* const block : blocks) BlockPool::Free(block, 100);
}

#ifndef ROTA_BLOCK_POOL_OFF
TEST(BlockPoolTest, ABlockIsUsedAgainForTheSameSizeUpToTheGrain) {
  void* const block = BlockPool::Allocate(BlockPool::kGrain + 1);
  BlockPool::Free(block, BlockPool::kGrain + 1);
  void* const smaller = BlockPool::Allocate(BlockPool::kGrain);
  EXPECT_NE(smaller, block);
  BlockPool::Free(smaller, BlockPool::kGrain);
  EXPECT_EQ(BlockPool::Allocate(2 * BlockPool::kGrain), block);
  BlockPool::Free(block, 2 * BlockPool::kGrain);
}

TEST(BlockPoolTest, ATrimmedPoolKeepsNothingAndGoesOn) {
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "the sanitizer brings a heap of its own";
#endif
#endif
  // Of a thread of its own, whose heap nobody else uses.
  std::thread([] {
    const size_t before = mallinfo2().uordblks;
    std::vector<void*> blocks;
    for (size_t i = 0; i < BlockPool::kKeep; ++i) blocks.push_back(BlockPool::Allocate(2000));
    for (void* const block : blocks) BlockPool::Free(block, 2000);
    const size_t kept = mallinfo2().uordblks;
    EXPECT_GE(kept, before + BlockPool::kKeep * 2000);
    BlockPool::Trim();
    EXPECT_LE(mallinfo2().uordblks, kept - BlockPool::kKeep * 2000);
    void* const block = BlockPool::Allocate(2000);
    BlockPool::Free(block, 2000);
    EXPECT_EQ(BlockPool::Allocate(2000), block);
    BlockPool::Free(block, 2000);
  }).join();
}

TEST(BlockPoolTest, EachThreadHasAPoolOfItsOwn) {
  void* const mine = BlockPool::Allocate(64);
  BlockPool::Free(mine, 64);
  std::thread([&] {
    void* const other = BlockPool::Allocate(64);
    EXPECT_NE(other, mine);
    BlockPool::Free(other, 64);
  }).join();
  EXPECT_EQ(BlockPool::Allocate(64), mine);
  BlockPool::Free(mine, 64);
}
#endif

}  // namespace
}  // namespace rota
