#include "framework/transport/native/session_memory.h"

#include <cstdint>
#include <cstring>
#include <vector>

#include "framework/base/block_pool.h"
#include "framework/base/pools.h"
#include "gtest/gtest.h"

namespace rota::native {
namespace {

class SessionMemoryTest : public testing::Test {
 protected:
  template <typename T = uint8_t>
  T* Allocate(size_t size) {
    return static_cast<T*>(memory_.malloc(size, memory_.mem_user_data));
  }
  template <typename T>
  T* Resize(T* block, size_t size) {
    return static_cast<T*>(memory_.realloc(block, size, memory_.mem_user_data));
  }
  void* AllocateZeroed(size_t count, size_t size) { return memory_.calloc(count, size, memory_.mem_user_data); }
  void Free(void* block) { memory_.free(block, memory_.mem_user_data); }

 private:
  const nghttp2_mem memory_ = SessionMemory();
};

TEST_F(SessionMemoryTest, BlocksOfEverySizeAreWholeAndApart) {
  std::vector<uint8_t*> blocks;
  for (size_t size = 0; size < 3000; ++size) {
    auto* const block = Allocate(size);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(block) % alignof(uint64_t), 0u);
    std::memset(block, static_cast<int>(size & 255), size);
    blocks.push_back(block);
  }
  for (size_t size = 0; size < blocks.size(); ++size) {
    for (size_t i = 0; i < size; ++i) ASSERT_EQ(blocks[size][i], size & 255) << size;
    Free(blocks[size]);
  }
}

TEST_F(SessionMemoryTest, ABlockIsUsedAgainForOneOfAboutItsSize) {
  if (!kPoolsKeep) GTEST_SKIP() << "the pool keeps nothing";
  auto* const first = Allocate(200);
  Free(first);
  auto* const longer = Allocate(300);
  EXPECT_NE(longer, first);
  auto* const again = Allocate(215);
  EXPECT_EQ(again, first);
  Free(again);
  Free(longer);
}

TEST_F(SessionMemoryTest, ResizingKeepsWhatIsThere) {
  auto* block = Resize<char>(nullptr, 10);
  std::memcpy(block, "0123456789", 10);
  for (const size_t size : {11, 12, 100, 2000, 5000, 2000, 10}) {
    block = Resize(block, size);
    ASSERT_EQ(std::memcmp(block, "0123456789", 10), 0) << size;
    // All of it may be used.
    std::memset(block + 10, 'x', size - 10);
  }
  block = Resize(block, 5);
  EXPECT_EQ(std::memcmp(block, "01234", 5), 0);
  Free(block);
  Free(nullptr);
}

TEST_F(SessionMemoryTest, ABlockThatWasResizedInItsPlaceGoesBackToWhereItCameFrom) {
  if (!kPoolsKeep) GTEST_SKIP() << "the pool keeps nothing";
  auto* const block = Allocate(201);
  EXPECT_EQ(Resize(block, 210), block);
  Free(block);
  auto* const again = Allocate(205);
  EXPECT_EQ(again, block);
  Free(again);
}

TEST_F(SessionMemoryTest, Nghttp2GetsZeroedMemoryWhereItAsksForThat) {
  auto* const used = Allocate(100);
  std::memset(used, 0xff, 100);
  Free(used);
  auto* const zeroed = static_cast<uint8_t*>(AllocateZeroed(10, 10));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(zeroed[i], 0);
  Free(zeroed);
}

TEST_F(SessionMemoryTest, WhatNobodyCanHaveIsRefused) {
  EXPECT_EQ(Allocate(size_t{1} << 32), nullptr);
  EXPECT_EQ(Allocate(SIZE_MAX), nullptr);
  EXPECT_EQ(AllocateZeroed(SIZE_MAX / 2, 4), nullptr);
}

}  // namespace
}  // namespace rota::native
