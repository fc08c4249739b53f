#include "framework/loop/timer_delay.h"

#include <chrono>

#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST(TimerDelayTest, APartOfAMillisecondIsRoundedUp) {
  EXPECT_EQ(TimerDelayMs(milliseconds(5)), 5);
  EXPECT_EQ(TimerDelayMs(milliseconds(5) + nanoseconds(1)), 6);
  EXPECT_EQ(TimerDelayMsAsInNode(milliseconds(6) - nanoseconds(1)), 5);
}

TEST(TimerDelayTest, NothingIsShorterThanAMillisecond) {
  for (const Duration delay : {Duration(0), Duration(1), Duration(-1), Duration::min()}) {
    EXPECT_EQ(TimerDelayMs(delay), 1);
    EXPECT_EQ(TimerDelayMsAsInNode(delay), 1);
  }
}

TEST(TimerDelayTest, WhatIsTooLongIsHeldToTheLongestButOneInNode) {
  EXPECT_EQ(TimerDelayMs(milliseconds(kLongestTimerDelayMs)), kLongestTimerDelayMs);
  EXPECT_EQ(TimerDelayMsAsInNode(milliseconds(kLongestTimerDelayMs)), kLongestTimerDelayMs);
  for (const Duration delay : {Duration(milliseconds(kLongestTimerDelayMs + 1)), Duration(hours(24 * 365)), Duration::max()}) {
    EXPECT_EQ(TimerDelayMs(delay), kLongestTimerDelayMs);
    EXPECT_EQ(TimerDelayMsAsInNode(delay), 1);
  }
}

}  // namespace
}  // namespace rota
