#include "framework/base/brief_mutex.h"

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace rota {
namespace {

TEST(BriefMutexTest, OneThreadAtATimeHoldsIt) {
  BriefMutex mutex;
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10'000; ++n) {
        const std::lock_guard lock(mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 40'000);
}

TEST(BriefMutexTest, WhoeverWaitsLongGetsItAtLast) {
  BriefMutex mutex;
  std::atomic<bool> held = false;
  std::unique_lock lock(mutex);
  std::thread other([&] {
    const std::lock_guard own(mutex);
    held = true;
  });
  // Longer than anybody tries before the thread sleeps.
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();
  EXPECT_FALSE(held);
  lock.unlock();
  other.join();
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace rota
