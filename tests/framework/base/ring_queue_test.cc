#include "framework/base/ring_queue.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include "gtest/gtest.h"

namespace rota {
namespace {

TEST(RingQueueTest, KeepsTheOrderWhileItGrowsInTheMiddleOfARound) {
  RingQueue<int> queue;
  std::deque<int> model;
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    if (random() % 5 < 3) {
      queue.Push(i);
      model.push_back(i);
    } else if (!model.empty()) {
      EXPECT_EQ(queue.Front(), model.front());
      EXPECT_EQ(queue.Pop(), model.front());
      model.pop_front();
    }
    ASSERT_EQ(queue.size(), model.size());
    ASSERT_EQ(queue.empty(), model.empty());
  }
  for (const int expected : model) EXPECT_EQ(queue.Pop(), expected);
}

TEST(RingQueueTest, APositionNamesItsElementUntilThatIsPopped) {
  RingQueue<int> queue;
  const uint64_t first = queue.Push(1);
  const uint64_t second = queue.Push(2);
  for (int i = 0; i < 100; ++i) queue.Push(3);
  ASSERT_NE(queue.At(second), nullptr);
  *queue.At(second) = 20;
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.At(first), nullptr);
  EXPECT_EQ(queue.Pop(), 20);
  EXPECT_EQ(queue.At(second), nullptr);
  EXPECT_EQ(queue.At(1'000'000), nullptr);
}

TEST(RingQueueTest, APoppedSlotKeepsNothingAlive) {
  RingQueue<std::shared_ptr<int>> queue;
  const auto value = std::make_shared<int>(1);
  queue.Push(value);
  { const std::shared_ptr<int> taken = queue.Pop(); }
  EXPECT_EQ(value.use_count(), 1);
}

TEST(RingQueueTest, AnElementStaysInItsPlaceWhileItIsInUseAndOthersArePushed) {
  RingQueue<int> queue;
  const uint64_t position = queue.Push(1);
  {
    const auto element = queue.Take();
    const int* const place = &*element;
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.At(position), nullptr);
    for (int i = 2; i < 1000; ++i) queue.Push(i);
    EXPECT_EQ(&*element, place);
    EXPECT_EQ(*element, 1);
  }
  for (int i = 2; i < 1000; ++i) ASSERT_EQ(queue.Pop(), i);
}

TEST(RingQueueTest, TakingWhileAnElementIsInUseKeepsIt) {
  RingQueue<std::unique_ptr<int>> queue;
  for (int i = 0; i < 40; ++i) queue.Push(std::make_unique<int>(i));
  {
    const auto outer = queue.Take();
    while (!queue.empty()) const auto inner = queue.Take();
    for (int i = 0; i < 200; ++i) queue.Push(std::make_unique<int>(100 + i));
    EXPECT_EQ(**outer, 0);
  }
  for (int i = 0; i < 200; ++i) ASSERT_EQ(*queue.Pop(), 100 + i);
  EXPECT_TRUE(queue.empty());
}

TEST(RingQueueTest, AnElementIsDestroyedOnceAfterItsUseOrWithTheQueue) {
  const auto counted = std::make_shared<int>(0);
  {
    RingQueue<std::shared_ptr<int>> queue;
    for (int i = 0; i < 50; ++i) queue.Push(counted);
    {
      const auto taken = queue.Take();
      EXPECT_EQ(counted.use_count(), 51);
    }
    EXPECT_EQ(counted.use_count(), 50);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

}  // namespace
}  // namespace rota
