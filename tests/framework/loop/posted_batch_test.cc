#include "framework/loop/posted_batch.h"

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>

#include "gtest/gtest.h"

namespace rota {
namespace {

TEST(PostedBatchTest, IsFirstInFirstOutOverManyBlocksAndRounds) {
  PostedBatch batch;
  std::mt19937 random(11);
  int added = 0;
  int ran = 0;
  for (int round = 0; round < 200; ++round) {
    for (unsigned i = random() % 500; i > 0; --i) {
      batch.Add([&ran, number = added++] { EXPECT_EQ(number, ran++); });
    }
    for (size_t i = round % 2 == 0 ? batch.size() / 2 : batch.size(); i > 0; --i) {
      batch.CallFront();
      batch.DropFront();
    }
    ASSERT_EQ(batch.size(), static_cast<size_t>(added - ran));
  }
  EXPECT_TRUE(batch.empty());
}

TEST(PostedBatchTest, WhatIsLeftIsDestroyedWithIt) {
  const auto counted = std::make_shared<int>(0);
  {
    PostedBatch batch;
    for (int i = 0; i < 1000; ++i) batch.Add([counted] {});
    batch.DropFront();
    EXPECT_EQ(counted.use_count(), 1000);
    const PostedBatch moved = std::move(batch);
    EXPECT_EQ(moved.size(), 999u);
    EXPECT_TRUE(batch.empty());  // NOLINT: what is left is empty.
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(PostedBatchTest, CallablesOfAnySizeAndAlignmentAreCalledAndDestroyed) {
  struct alignas(64) Aligned {
    char byte = 'a';
  };
  const auto counted = std::make_shared<int>(0);
  std::mt19937 random(7);
  PostedBatch batch;
  int called = 0;
  for (int i = 0; i < 2000; ++i) {
    switch (random() % 5) {
      case 0:
        batch.Add([&called] { ++called; });
        break;
      case 1:
        batch.Add([&called, counted, large = std::array<char, 400>{}] { called += 1 + large[399]; });
        break;
      case 2:
        batch.Add([&called, counted, huge = std::array<char, 10'000>{}] { called += 1 + huge[9'999]; });
        break;
      case 3:
        batch.Add([&called, counted, aligned = Aligned()] {
          EXPECT_EQ(reinterpret_cast<uintptr_t>(&aligned) % 64, 0u);
          called += aligned.byte == 'a' ? 1 : 0;
        });
        break;
      case 4:
        batch.Add([&called, only = std::make_unique<int>(1)] { called += *only; });
    }
  }
  while (!batch.empty()) {
    batch.CallFront();
    batch.DropFront();
  }
  EXPECT_EQ(called, 2000);
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(PostedBatchTest, SwappingTakesTheCallbacksAndGivesTheMemory) {
  PostedBatch ours;
  PostedBatch theirs;
  for (int i = 0; i < 100; ++i) ours.Add([] {});
  while (!ours.empty()) ours.DropFront();
  theirs.Add([] {});
  ours.SwapInto(theirs);
  EXPECT_EQ(ours.size(), 1u);
  EXPECT_TRUE(theirs.empty());
}

}  // namespace
}  // namespace rota
