#include "framework/loop/inbox.h"

#include <cstddef>
#include <thread>
#include <vector>

#include "framework/loop/posted_batch.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

TEST(InboxTest, OnlyALoopThatSleepsIsWokenAndOnlyOnce) {
  Inbox inbox;
  EXPECT_TRUE(inbox.empty());
  EXPECT_FALSE(inbox.Add([] {}));
  EXPECT_FALSE(inbox.empty());
  EXPECT_FALSE(inbox.BeginSleep());
  PostedBatch batch;
  inbox.Take(batch);
  EXPECT_EQ(batch.size(), 1u);
  EXPECT_TRUE(inbox.empty());
  EXPECT_TRUE(inbox.BeginSleep());
  EXPECT_TRUE(inbox.Add([] {}));
  EXPECT_FALSE(inbox.Add([] {}));
  EXPECT_FALSE(inbox.BeginSleep());
  batch.DropFront();
  inbox.Take(batch);
  EXPECT_EQ(batch.size(), 2u);
}

TEST(InboxTest, NothingFromManyThreadsIsLostAndEachThreadKeepsItsOrder) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  Inbox inbox;
  std::vector<std::vector<int>> seen(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&inbox, &seen, t] {
      for (int i = 0; i < kEach; ++i) inbox.Add([&seen, t, i] { seen[t].push_back(i); });
    });
  }
  size_t taken = 0;
  PostedBatch batch;
  while (taken < kThreads * kEach) {
    inbox.Take(batch);
    taken += batch.size();
    for (; !batch.empty(); batch.DropFront()) batch.Front()();
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<int>& of_thread : seen) {
    ASSERT_EQ(of_thread.size(), static_cast<size_t>(kEach));
    for (int i = 0; i < kEach; ++i) ASSERT_EQ(of_thread[i], i);
  }
}

}  // namespace
}  // namespace rota
