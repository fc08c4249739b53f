#include "framework/loop/poller.h"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "framework/base/clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

constexpr bool kGoOn = false;

TEST(PollerTest, OnePollRunsAllThatIsReadyAndWhatThatMakesReady) {
  Poller poller;
  std::string ran;
  for (int i = 0; i < 3; ++i) {
    boost::asio::post(poller.io_context(), [&] {
      ran += "a";
      boost::asio::post(poller.io_context(), [&] { ran += "b"; });
    });
  }
  EXPECT_EQ(ran, "");
  EXPECT_EQ(poller.Poll(Poller::kForever, kGoOn), 6u);
  EXPECT_EQ(ran, "aaabbb");
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 0u);
}

TEST(PollerTest, APollThatIsStoppedLeavesTheRest) {
  Poller poller;
  bool stop = false;
  int ran = 0;
  for (int i = 0; i < 3; ++i) boost::asio::post(poller.io_context(), [&] { stop = ++ran == 2; });
  EXPECT_EQ(poller.Poll(Duration::zero(), stop), 2u);
  // With something left there is no wait.
  EXPECT_EQ(poller.Poll(Poller::kForever, kGoOn), 1u);
}

TEST(PollerTest, AllConnectionsThatAreReadyRunInOnePollAndOnlyOnce) {
  Poller poller;
  std::vector<boost::asio::posix::stream_descriptor> ends;
  int ready = 0;
  for (int i = 0; i < 20; ++i) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    ends.emplace_back(poller.io_context(), pipe[0]).async_wait(boost::asio::posix::descriptor_base::wait_read, [&](auto) { ++ready; });
    ends.emplace_back(poller.io_context(), pipe[1]);
    ASSERT_EQ(::write(pipe[1], "x", 1), 1);
  }
  EXPECT_EQ(poller.Poll(Poller::kForever, kGoOn), 20u);
  EXPECT_EQ(ready, 20);
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 0u);
}

// Nobody waits, so nothing is asked; what waits is found by the next look, also when it was ready before.
TEST(PollerTest, WhatBeginsToWaitAfterPollsWithoutAnyIsFound) {
  Poller poller;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 0u);
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  ASSERT_EQ(::write(pipe[1], "x", 1), 1);
  boost::asio::posix::stream_descriptor reader(poller.io_context(), pipe[0]);
  const boost::asio::posix::stream_descriptor writer(poller.io_context(), pipe[1]);
  bool ready = false;
  reader.async_wait(boost::asio::posix::descriptor_base::wait_read, [&](auto) { ready = true; });
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 1u);
  EXPECT_TRUE(ready);
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 0u);
}

TEST(PollerTest, TimersOfAsioAreFoundWithoutAWait) {
  Poller poller;
  boost::asio::steady_timer timer(poller.io_context(), std::chrono::nanoseconds(1));
  bool fired = false;
  timer.async_wait([&](auto) { fired = true; });
  while (!fired) poller.Poll(Duration::zero(), kGoOn);
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 0u);
}

TEST(PollerTest, AnInterruptFromAnotherThreadEndsAWaitWithoutLimit) {
  Poller poller;
  std::thread other([&] { poller.Interrupt(); });
  EXPECT_EQ(poller.Poll(Poller::kForever, kGoOn), 0u);
  other.join();
  // One that comes before the wait ends it, too.
  poller.Interrupt();
  EXPECT_EQ(poller.Poll(Poller::kForever, kGoOn), 0u);
}

TEST(PollerTest, AWaitEndsWithItsTimeAndNotBefore) {
  Poller poller;
  const TimePoint start = std::chrono::steady_clock::now();
  EXPECT_EQ(poller.Poll(std::chrono::microseconds(1500), kGoOn), 0u);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::microseconds(1500));
}

}  // namespace
}  // namespace rota
