#include "framework/transport/native/session_memory.h"

#include <malloc.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "gtest/gtest.h"

// The sanitizers bring a heap of their own, and under one of them the pool is off.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ROTA_ANOTHER_MALLOC 1
#endif
#endif

namespace rota::native {
namespace {

TEST(SessionMemoryTest, BlocksOfEverySizeAreWholeAndApart) {
  SessionMemory pool;
  std::vector<uint8_t*> blocks;
  for (size_t size = 0; size < 1500; ++size) {
    auto* const block = static_cast<uint8_t*>(pool.Allocate(size));
    ASSERT_EQ(reinterpret_cast<uintptr_t>(block) % alignof(uint64_t), 0u);
    std::memset(block, static_cast<int>(size & 255), size);
    blocks.push_back(block);
  }
  for (size_t size = 0; size < blocks.size(); ++size) {
    for (size_t i = 0; i < size; ++i) ASSERT_EQ(blocks[size][i], size & 255) << size;
    pool.Free(blocks[size]);
  }
}

TEST(SessionMemoryTest, ABlockIsUsedAgainForOneOfAboutItsSize) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  GTEST_SKIP() << "the pool is off";
#endif
#endif
  SessionMemory pool;
  void* const first = pool.Allocate(200);
  pool.Free(first);
  void* const longer = pool.Allocate(300);
  EXPECT_NE(longer, first);
  void* const again = pool.Allocate(215);
  EXPECT_EQ(again, first);
  pool.Free(again);
  pool.Free(longer);
}

TEST(SessionMemoryTest, ATrimmedPoolKeepsNothingAndGoesOn) {
  SessionMemory pool;
  // As many as are kept.
  constexpr size_t kBlocks = SessionMemory::kKeptBytes / SessionMemory::kLongest;
  std::vector<void*> blocks;
  for (size_t i = 0; i < kBlocks; ++i) blocks.push_back(pool.Allocate(500));
  void* const stays = pool.Allocate(500);
  for (void* const block : blocks) pool.Free(block);
#ifdef ROTA_ANOTHER_MALLOC
  pool.Trim();
#else
  const size_t kept = mallinfo2().uordblks;
  pool.Trim();
  EXPECT_LE(mallinfo2().uordblks, kept - kBlocks * 500);
#endif
  // As much as before is kept again.
  pool.Free(stays);
  void* const again = pool.Allocate(500);
#ifndef ROTA_ANOTHER_MALLOC
  EXPECT_EQ(again, stays);
#endif
  pool.Free(again);
}

TEST(SessionMemoryTest, ResizingKeepsWhatIsThere) {
  SessionMemory pool;
  auto* block = static_cast<char*>(pool.Resize(nullptr, 10));
  std::memcpy(block, "0123456789", 10);
  block = static_cast<char*>(pool.Resize(block, 2000));
  EXPECT_EQ(std::memcmp(block, "0123456789", 10), 0);
  block = static_cast<char*>(pool.Resize(block, 5));
  EXPECT_EQ(std::memcmp(block, "01234", 5), 0);
  pool.Free(block);
  pool.Free(nullptr);
}

TEST(SessionMemoryTest, Nghttp2GetsZeroedMemoryWhereItAsksForThat) {
  SessionMemory pool;
  nghttp2_mem& memory = *pool.memory();
  void* const used = memory.malloc(100, memory.mem_user_data);
  std::memset(used, 0xff, 100);
  memory.free(used, memory.mem_user_data);
  auto* const zeroed = static_cast<uint8_t*>(memory.calloc(10, 10, memory.mem_user_data));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(zeroed[i], 0);
  memory.free(zeroed, memory.mem_user_data);
}

}  // namespace
}  // namespace rota::native
