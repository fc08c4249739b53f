#include "framework/testing/manual_clock.h"

#include <chrono>
#include <vector>

#include "framework/loop/event_loop.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(ManualClockTest, TimeMovesOnlyWhenItIsMovedAndNeverBack) {
  ManualClock clock;
  const TimePoint begin = clock.Now();
  EXPECT_EQ(clock.Now(), begin);
  clock.Advance(seconds(3));
  EXPECT_EQ(clock.Now(), begin + seconds(3));
  EXPECT_TRUE(clock.SkipTo(begin + seconds(5)));
  EXPECT_EQ(clock.Now(), begin + seconds(5));
  EXPECT_TRUE(clock.SkipTo(begin));
  EXPECT_EQ(clock.Now(), begin + seconds(5));
}

TEST(ManualClockTest, ALoopUnderItSkipsToItsTimers) {
  ManualClock clock;
  EventLoop loop(clock);
  const TimePoint begin = loop.Now();
  std::vector<Duration> fired;
  loop.SetTimeout(hours(2), [&] { fired.push_back(loop.Now() - begin); });
  loop.SetTimeout(hours(1), [&] {
    fired.push_back(loop.Now() - begin);
    // A callback that works for long.
    clock.Advance(hours(3));
  });
  loop.Run();
  EXPECT_EQ(fired, (std::vector<Duration>{hours(1), hours(4)}));
}

}  // namespace
}  // namespace rota
