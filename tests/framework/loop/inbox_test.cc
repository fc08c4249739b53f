#include "framework/loop/inbox.h"

#include <chrono>
#include <cstddef>
#include <semaphore>
#include <thread>
#include <vector>

#include "framework/base/cache.h"
#include "framework/base/pause.h"
#include "framework/loop/posted_batch.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

// What lies beside it is used by the loop for each callback: in a line of the cache with the lock, each would wait for who adds.
TEST(InboxTest, SharesNoLineOfTheCacheWithWhatLiesBesideIt) {
  EXPECT_EQ(alignof(Inbox), kCacheIsland);
}

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

TEST(InboxTest, ALoopThatSleepsIsWokenForWhatComesWhileItGoesToSleep) {
  constexpr int kThreads = 2;
  constexpr int kEach = 20'000;
  Inbox inbox;
  std::counting_semaphore<> wake(0);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        if (inbox.Add([] {})) wake.release();
        // Mostly apart, so that the loop goes to sleep in between.
        for (int n = 0; n < i % 64; ++n) PauseProcessor();
      }
    });
  }
  size_t taken = 0;
  PostedBatch batch;
  while (taken < kThreads * kEach) {
    if (inbox.BeginSleep()) {
      // Ten seconds are for ever. One that was not needed is no harm.
      const bool was_woken = wake.try_acquire_for(std::chrono::seconds(10));
      EXPECT_TRUE(was_woken) << "asleep, and " << taken << " have come";
      if (!was_woken) break;
    }
    inbox.Take(batch);
    taken += batch.size();
    while (!batch.empty()) batch.DropFront();
  }
  for (std::thread& thread : threads) thread.join();
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
    for (; !batch.empty(); batch.DropFront()) batch.CallFront();
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<int>& of_thread : seen) {
    ASSERT_EQ(of_thread.size(), static_cast<size_t>(kEach));
    for (int i = 0; i < kEach; ++i) ASSERT_EQ(of_thread[i], i);
  }
}

}  // namespace
}  // namespace rota
