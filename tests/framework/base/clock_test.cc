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

}  // namespace
}  // namespace rota
