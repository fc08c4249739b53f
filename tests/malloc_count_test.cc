#include "tests/malloc_count.h"

#include <cstdlib>
#include <new>
#include <thread>

#include "gtest/gtest.h"

namespace rota {
namespace {

// Where a compiler cannot see what becomes of a block, it may not leave out the call.
void* volatile block = nullptr;

TEST(MallocCountTest, EachWayToTheHeapCountsOnce) {
  if (!kMallocCounted) GTEST_SKIP() << "the heap is another one";
  const uint64_t before = MallocCount();
  block = std::malloc(10);
  EXPECT_EQ(MallocCount(), before + 1);
  block = std::realloc(block, 10000);
  EXPECT_EQ(MallocCount(), before + 2);
  std::free(block);
  block = std::calloc(10, 10);
  EXPECT_EQ(MallocCount(), before + 3);
  std::free(block);
  block = std::aligned_alloc(64, 128);
  EXPECT_EQ(MallocCount(), before + 4);
  std::free(block);
  block = ::operator new(10);
  EXPECT_EQ(MallocCount(), before + 5);
  ::operator delete(block);
  block = ::operator new(128, std::align_val_t{128});
  EXPECT_EQ(MallocCount(), before + 6);
  ::operator delete(block, std::align_val_t{128});
}

TEST(MallocCountTest, WhatOtherThreadsTakeDoesNotCount) {
  if (!kMallocCounted) GTEST_SKIP() << "the heap is another one";
  uint64_t of_other = 0;
  std::thread other([&] {
    const uint64_t before = MallocCount();
    for (int i = 0; i < 10; ++i) {
      block = std::malloc(10);
      std::free(block);
    }
    of_other = MallocCount() - before;
  });
  const uint64_t before = MallocCount();
  other.join();
  EXPECT_EQ(MallocCount(), before);
  EXPECT_EQ(of_other, 10u);
}

}  // namespace
}  // namespace rota
