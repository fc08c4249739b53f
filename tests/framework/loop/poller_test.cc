#include "framework/loop/poller.h"

#include <chrono>
#include <thread>

#include "framework/base/clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

TEST(PollerTest, AWakeIsOneCompletionOfPoll) {
  int woken = 0;
  Poller poller([&] { ++woken; });
  EXPECT_FALSE(poller.PollOne());
  poller.Wake();
  EXPECT_EQ(woken, 0);
  EXPECT_TRUE(poller.PollOne());
  EXPECT_EQ(woken, 1);
  EXPECT_FALSE(poller.PollOne());
}

TEST(PollerTest, AWakeFromAnotherThreadEndsAWaitWithoutLimit) {
  bool woken = false;
  Poller poller([&] { woken = true; });
  std::thread other([&] { poller.Wake(); });
  EXPECT_TRUE(poller.WaitOne(kNoDeadline));
  other.join();
  EXPECT_TRUE(woken);
}

TEST(PollerTest, AWaitEndsAtItsDeadlineAndNotBefore) {
  Poller poller([] {});
  const TimePoint deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
  EXPECT_FALSE(poller.WaitOne(deadline));
  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
  // A deadline that has passed is no wait.
  EXPECT_FALSE(poller.WaitOne(TimePoint()));
}

}  // namespace
}  // namespace rota
