#include "framework/transport/native/window_tuner.h"

#include <optional>

#include "framework/base/clock.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota::native {
namespace {

using std::chrono::milliseconds;

constexpr uint32_t kWindow = 1000;

class WindowTunerTest : public testing::Test {
 protected:
  // One measurement in which `bytes` come during a round trip of `time`.
  std::optional<uint32_t> Measure(size_t bytes, Duration time) {
    EXPECT_TRUE(tuner_.OnData(10 * kWindow, clock_));
    EXPECT_FALSE(tuner_.OnData(bytes, clock_));
    clock_.Advance(time);
    return tuner_.OnPong(clock_.Now());
  }

  ManualClock clock_;
  WindowTuner tuner_{kWindow, 10 * kWindow};
};

TEST_F(WindowTunerTest, AWindowThatIsFilledInOneRoundTripGrowsUpToTheLargest) {
  EXPECT_EQ(Measure(1000, milliseconds(10)), 2000u);
  EXPECT_EQ(Measure(2000, milliseconds(10)), 4000u);
  EXPECT_EQ(Measure(4000, milliseconds(10)), 8000u);
  EXPECT_EQ(Measure(8000, milliseconds(10)), 10000u);
  EXPECT_FALSE(tuner_.OnData(1000000, clock_)) << "it measures no more";
}

TEST_F(WindowTunerTest, AWindowThatIsNotFilledStays) {
  EXPECT_EQ(Measure(600, milliseconds(10)), std::nullopt);
  EXPECT_EQ(Measure(0, milliseconds(10)), std::nullopt);
}

TEST_F(WindowTunerTest, ALongerRoundTripWithoutMoreBandwidthChangesNothing) {
  EXPECT_EQ(Measure(1000, milliseconds(10)), 2000u);
  EXPECT_EQ(Measure(2000, milliseconds(20)), std::nullopt);
}

TEST_F(WindowTunerTest, LittleDataIsNotMeasured) {
  EXPECT_FALSE(tuner_.OnData(100, clock_));
  EXPECT_FALSE(tuner_.OnData(100, clock_));
  EXPECT_TRUE(tuner_.OnData(100, clock_));
}

TEST_F(WindowTunerTest, AnAnswerThatNobodyAskedForIsIgnored) { EXPECT_EQ(tuner_.OnPong(clock_.Now()), std::nullopt); }

}  // namespace
}  // namespace rota::native
