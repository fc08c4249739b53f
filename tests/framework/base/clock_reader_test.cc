#include "framework/base/clock_reader.h"

#include <chrono>

#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

TEST(ClockReaderTest, ReadsTheSteadyClock) {
  const SteadyClock clock;
  const ClockReader reader(clock);
  const TimePoint before = clock.Now();
  const TimePoint now = reader.Now();
  EXPECT_GE(now, before);
  EXPECT_LE(now, clock.Now());
}

TEST(ClockReaderTest, ReadsAnyOtherClock) {
  ManualClock clock;
  const ClockReader reader(clock);
  EXPECT_EQ(reader.Now(), clock.Now());
  clock.Advance(std::chrono::milliseconds(3));
  EXPECT_EQ(reader.Now(), clock.Now());
}

}  // namespace
}  // namespace rota
