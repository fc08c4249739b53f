#include "framework/base/block_pool.h"

#include <malloc.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "framework/base/pools.h"
#include "gtest/gtest.h"
#include "tests/glibc_heap.h"

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

TEST(BlockPoolTest, ABlockHasRoomForItsSizeAndLittleMore) {
  EXPECT_EQ(BlockPool::Room(BlockPool::kLargest + 1), BlockPool::kLargest + 1);
  for (size_t size = 0; size <= BlockPool::kLargest; ++size) {
    ASSERT_GE(BlockPool::Room(size), size);
    ASSERT_LT(BlockPool::Room(size), size + BlockPool::kGrain);
    ASSERT_EQ(BlockPool::Room(BlockPool::Room(size)), BlockPool::Room(size));
  }
}

TEST(BlockPoolTest, WhoAsksForMoreThanThereIsGetsNullWhereThatIsWanted) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  // Behind a volatile, or the compiler tells that no heap has so much.
  volatile size_t size = SIZE_MAX / 2;
  EXPECT_THROW(BlockPool::Allocate(size), std::bad_alloc);
  EXPECT_EQ(BlockPool::Allocate(size, std::nothrow), nullptr);
}

class KeptBlocksTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!kPoolsKeep) GTEST_SKIP() << "the pool keeps nothing";
    BlockPool::Trim();
  }
  void TearDown() override { BlockPool::Trim(); }
};

TEST_F(KeptBlocksTest, ABlockIsUsedAgainForASizeWithTheSameRoom) {
  const size_t size = BlockPool::Room(100);
  void* const block = BlockPool::Allocate(size);
  BlockPool::Free(block, size);
  void* const longer = BlockPool::Allocate(size + 1);
  EXPECT_NE(longer, block);
  BlockPool::Free(longer, size + 1);
  EXPECT_EQ(BlockPool::Allocate(size - BlockPool::kGrain + 1), block);
  BlockPool::Free(block, size);
}

TEST_F(KeptBlocksTest, BlocksOfOneSizeAreKeptUpToTheBound) {
  const size_t kept = BlockPool::kKeptBytes / BlockPool::Room(1000);
  std::vector<void*> blocks;
  for (size_t i = 0; i < kept + 10; ++i) blocks.push_back(BlockPool::Allocate(1000));
  for (void* const block : blocks) BlockPool::Free(block, 1000);
  std::set<void*> again;
  for (size_t i = 0; i < kept; ++i) again.insert(BlockPool::Allocate(1000));
  // Those that were freed first; the ten that came after them went to the heap.
  EXPECT_EQ(again, std::set<void*>(blocks.begin(), blocks.end() - 10));
  for (void* const block : again) BlockPool::Free(block, 1000);
}

TEST_F(KeptBlocksTest, ATrimmedPoolKeepsNothingAndGoesOn) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  // Of a thread of its own, whose heap nobody else uses.
  std::thread([] {
    constexpr size_t kBlocks = BlockPool::kKeptBytes / BlockPool::Room(2000);
    const size_t before = mallinfo2().uordblks;
    std::vector<void*> blocks;
    for (size_t i = 0; i < kBlocks; ++i) blocks.push_back(BlockPool::Allocate(2000));
    for (void* const block : blocks) BlockPool::Free(block, 2000);
    const size_t kept = mallinfo2().uordblks;
    EXPECT_GE(kept, before + kBlocks * 2000);
    BlockPool::Trim();
    EXPECT_LE(mallinfo2().uordblks, kept - kBlocks * 2000);
    void* const block = BlockPool::Allocate(2000);
    BlockPool::Free(block, 2000);
    EXPECT_EQ(BlockPool::Allocate(2000), block);
    BlockPool::Free(block, 2000);
  }).join();
}

TEST_F(KeptBlocksTest, ItIsTrimmedInParts) {
  std::vector<void*> blocks;
  for (size_t i = 0; i < 5; ++i) blocks.push_back(BlockPool::Allocate(i < 3 ? 100 : 1000));
  for (size_t i = 0; i < 5; ++i) BlockPool::Free(blocks[i], i < 3 ? 100 : 1000);
  EXPECT_TRUE(BlockPool::Trim(2));
  EXPECT_TRUE(BlockPool::Trim(2));
  EXPECT_FALSE(BlockPool::Trim(2));
  EXPECT_FALSE(BlockPool::Trim(2));
}

TEST_F(KeptBlocksTest, EachThreadHasAPoolOfItsOwn) {
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

}  // namespace
}  // namespace rota
