#include "framework/loop/posted_batch.h"

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
      batch.Front()();
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
