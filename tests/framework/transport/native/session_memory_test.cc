#include "framework/transport/native/session_memory.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "gtest/gtest.h"

namespace rota::native {
namespace {

class SessionMemoryTest : public testing::Test {
 protected:
  void* Allocate(size_t size) { return memory_.malloc(size, memory_.mem_user_data); }
  void Free(void* block) { memory_.free(block, memory_.mem_user_data); }
  void* Reallocate(void* block, size_t size) { return memory_.realloc(block, size, memory_.mem_user_data); }

  nghttp2_mem& memory_ = *SessionMemory();
};

TEST_F(SessionMemoryTest, BlocksOfAnySizeAreAlignedAndApart) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{100}, size_t{5000}, size_t{100'000}}) {
    void* const first = Allocate(size);
    void* const second = Allocate(size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(first) % alignof(std::max_align_t), 0u);
    std::memset(first, 1, size);
    std::memset(second, 2, size);
    if (size > 0) EXPECT_EQ(static_cast<char*>(first)[size - 1], 1);
    Free(first);
    Free(second);
  }
  Free(nullptr);
}

TEST_F(SessionMemoryTest, ZeroedMemoryIsZero) {
  void* const used = Allocate(400);
  std::memset(used, 0xff, 400);
  Free(used);
  auto* const zeroed = static_cast<char*>(memory_.calloc(100, 4, memory_.mem_user_data));
  for (int i = 0; i < 400; ++i) EXPECT_EQ(zeroed[i], 0);
  Free(zeroed);
}

TEST_F(SessionMemoryTest, WhatGrowsOrShrinksKeepsItsBytes) {
  auto* block = static_cast<char*>(Reallocate(nullptr, 10));
  std::memcpy(block, "0123456789", 10);
  block = static_cast<char*>(Reallocate(block, 10'000));
  EXPECT_EQ(std::memcmp(block, "0123456789", 10), 0);
  block = static_cast<char*>(Reallocate(block, 4));
  EXPECT_EQ(std::memcmp(block, "0123", 4), 0);
  Free(block);
}

TEST_F(SessionMemoryTest, SizesThatCannotBeAreRefused) {
  EXPECT_EQ(Allocate(SIZE_MAX), nullptr);
  EXPECT_EQ(memory_.calloc(SIZE_MAX / 2, 3, memory_.mem_user_data), nullptr);
}

}  // namespace
}  // namespace rota::native
