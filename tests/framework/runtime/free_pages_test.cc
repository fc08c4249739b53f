#include "framework/runtime/free_pages.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/glibc_heap.h"

namespace rota {
namespace {

size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

class FreePagesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
    malloc_trim(0);
  }

  // Beside each block that goes one stays, so that the heap gets no shorter.
  void TakeAndFree(size_t blocks, size_t bytes) {
    bytes_ = bytes;
    std::vector<std::unique_ptr<std::string>> goes;
    for (size_t i = 0; i < blocks; ++i) {
      goes.push_back(std::make_unique<std::string>(bytes, 'x'));
      stays_.push_back(std::make_unique<std::string>(bytes, 's'));
    }
  }
  static void Run(FreePages& pages) {
    while (pages.TakeSome()) {
    }
    while (pages.GiveBackSome()) {
    }
  }

  std::vector<std::unique_ptr<std::string>> stays_;
  size_t bytes_ = 0;
};

TEST_F(FreePagesTest, NearlyAllThatIsFreeGoesAndNothingElse) {
  TakeAndFree(512, 100 << 10);
  const size_t before = ResidentBytes(), in_use = mallinfo2().uordblks;
  ASSERT_GE(mallinfo2().fordblks, size_t{48} << 20);
  FreePages pages;
  Run(pages);
  EXPECT_LE(ResidentBytes(), before - (size_t{42} << 20));
  EXPECT_LE(mallinfo2().uordblks, in_use + 4096);
  for (const auto& text : stays_) ASSERT_EQ(*text, std::string(bytes_, 's'));
}

TEST_F(FreePagesTest, NoStepDropsMoreThanItsShare) {
  TakeAndFree(512, 100 << 10);
  FreePages pages;
  size_t steps = 0, last = ResidentBytes();
  for (bool more = true; more; ++steps) {
    more = pages.TakeSome();
    const size_t resident = ResidentBytes();
    // And the pages that other threads of the process have touched.
    EXPECT_LE(last, resident + FreePages::kStepBytes + (1 << 20));
    last = resident;
  }
  EXPECT_GE(steps, (size_t{48} << 20) / FreePages::kStepBytes);
  while (pages.GiveBackSome()) {
  }
}

TEST_F(FreePagesTest, ShortPiecesGoAsWell) {
  TakeAndFree(4096, 16 << 10);
  const size_t before = ResidentBytes();
  FreePages pages;
  Run(pages);
  EXPECT_LE(ResidentBytes(), before - (size_t{30} << 20));
}

TEST_F(FreePagesTest, TheHeapDoesNotGrowForIt) {
  TakeAndFree(512, 100 << 10);
  const size_t before = mallinfo2().arena;
  FreePages pages;
  while (pages.TakeSome()) {
  }
  EXPECT_LE(mallinfo2().arena, before + (2 << 20));
  while (pages.GiveBackSome()) {
  }
  EXPECT_LE(mallinfo2().arena, before + (2 << 20));
}

// Their heaps have no end, and a step would take memory for ever.
TEST(FreePagesOfASanitizerTest, NothingIsTakenFromTheHeapsOfTheSanitizers) {
  if (kGlibcHeap) GTEST_SKIP() << "no sanitizer";
  FreePages pages;
  EXPECT_FALSE(pages.TakeSome());
  EXPECT_FALSE(pages.GiveBackSome());
}

TEST_F(FreePagesTest, WhatWasTakenComesBackWithItsOwner) {
  TakeAndFree(512, 100 << 10);
  const size_t in_use = mallinfo2().uordblks;
  {
    FreePages pages;
    EXPECT_TRUE(pages.TakeSome());
    EXPECT_GE(mallinfo2().uordblks, in_use + FreePages::kStepBytes / 2);
  }
  EXPECT_LE(mallinfo2().uordblks, in_use + 4096);
}

TEST_F(FreePagesTest, MemoryIsWholeAfterwards) {
  TakeAndFree(512, 100 << 10);
  FreePages pages;
  for (int round = 0; round < 2; ++round) {
    Run(pages);
    // calloc() must not take what was dropped for what it was before, nor for what it was not.
    const std::unique_ptr<char, void (*)(void*)> block(static_cast<char*>(std::calloc(1, 90 << 10)), &std::free);
    for (size_t i = 0; i < 90 << 10; ++i) ASSERT_EQ(block.get()[i], 0);
    std::memset(block.get(), 'y', 90 << 10);
  }
}

}  // namespace
}  // namespace rota
