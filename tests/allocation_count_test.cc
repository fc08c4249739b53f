#include "tests/allocation_count.h"

#include <cstddef>
#include <new>
#include <thread>

#include "gtest/gtest.h"

namespace rota {
namespace {

struct alignas(128) Wide {
  std::byte bytes[128];
};

// The functions are called by their names: a compiler may leave out a pair of new and delete.
TEST(AllocationCountTest, EachFormOfNewCountsOnce) {
  const uint64_t before = AllocationCount();
  ::operator delete(::operator new(10));
  EXPECT_EQ(AllocationCount(), before + 1);
  ::operator delete[](::operator new[](10));
  EXPECT_EQ(AllocationCount(), before + 2);
  ::operator delete(::operator new(10, std::nothrow));
  EXPECT_EQ(AllocationCount(), before + 3);
  ::operator delete[](::operator new[](10, std::nothrow));
  EXPECT_EQ(AllocationCount(), before + 4);
  constexpr std::align_val_t kAlignment{alignof(Wide)};
  ::operator delete(::operator new(sizeof(Wide), kAlignment), kAlignment);
  EXPECT_EQ(AllocationCount(), before + 5);
  ::operator delete[](::operator new[](sizeof(Wide), kAlignment), kAlignment);
  EXPECT_EQ(AllocationCount(), before + 6);
  ::operator delete(::operator new(sizeof(Wide), kAlignment, std::nothrow), kAlignment);
  EXPECT_EQ(AllocationCount(), before + 7);
}

TEST(AllocationCountTest, WhatOtherThreadsTakeDoesNotCount) {
  uint64_t of_other = 0;
  std::thread other([&] {
    const uint64_t before = AllocationCount();
    for (int i = 0; i < 10; ++i) ::operator delete(::operator new(10));
    of_other = AllocationCount() - before;
  });
  const uint64_t before = AllocationCount();
  other.join();
  EXPECT_EQ(AllocationCount(), before);
  EXPECT_EQ(of_other, 10u);
}

}  // namespace
}  // namespace rota
