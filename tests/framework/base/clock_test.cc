#include "framework/base/clock.h"

#include <chrono>

#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::seconds;

TEST(ClockTest, ADelayThatWouldOverflowHasNoEnd) {
  const TimePoint now = TimePoint() + seconds(1);
  EXPECT_EQ(After(now, seconds(2)), TimePoint() + seconds(3));
  EXPECT_EQ(After(now, Duration::max()), kNoDeadline);
  EXPECT_EQ(After(now, kNoDeadline - now), kNoDeadline);
  EXPECT_LT(After(now, kNoDeadline - now - Duration(1)), kNoDeadline);
}

TEST(ClockTest, TheSteadyClockNeverGoesBackAndLetsNobodyMoveIt) {
  SteadyClock clock;
  const TimePoint first = clock.Now();
  EXPECT_FALSE(clock.SkipTo(first + seconds(1000)));
  EXPECT_FALSE(clock.IsManual());
  const TimePoint second = clock.Now();
  EXPECT_GE(second, first);
  EXPECT_LT(second, first + seconds(1000));
}

}  // namespace
}  // namespace rota
