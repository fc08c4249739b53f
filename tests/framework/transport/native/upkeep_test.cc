#include "framework/transport/native/upkeep.h"

#include "framework/base/clock.h"
#include "framework/rpc/transport.h"
#include "gtest/gtest.h"

namespace rota::native {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Action = Upkeep::Action;

class UpkeepTest : public testing::Test {
 protected:
  static TimePoint At(Duration time) { return TimePoint() + hours(1000) + time; }
  // A connection that has said what it wants.
  Upkeep Ready(double spread = 0.5) {
    Upkeep upkeep(options_, At(seconds(0)), spread);
    upkeep.OnReady();
    return upkeep;
  }

  ConnectionOptions options_;
};

TEST_F(UpkeepTest, APeerThatNeverSaysWhatItWantsIsCutOff) {
  Upkeep upkeep(options_, At(seconds(0)), 0.5);
  EXPECT_EQ(upkeep.due(), At(seconds(20)));
  EXPECT_EQ(upkeep.Next(At(seconds(19))), Action::kNone);
  // Bytes alone do not help.
  upkeep.OnRead(At(seconds(19)));
  EXPECT_EQ(upkeep.Next(At(seconds(20))), Action::kClose);
}

TEST_F(UpkeepTest, AHeaderBlockWithoutEndIsCutOffHoweverManyBytesCome) {
  Upkeep upkeep = Ready();
  upkeep.OnBlock(true, At(seconds(100)));
  EXPECT_EQ(upkeep.due(), At(seconds(120)));
  upkeep.OnRead(At(seconds(119)));
  EXPECT_EQ(upkeep.Next(At(seconds(119))), Action::kNone);
  EXPECT_EQ(upkeep.Next(At(seconds(120))), Action::kClose);
}

TEST_F(UpkeepTest, AHeaderBlockHasTheTimeForItselfAndLeavesNothingDue) {
  options_.keepalive_time = kForever;
  Upkeep upkeep = Ready();
  upkeep.OnBlock(true, At(seconds(100)));
  upkeep.OnBlock(true, At(seconds(119)));
  EXPECT_EQ(upkeep.Next(At(seconds(120))), Action::kNone);
  EXPECT_EQ(upkeep.due(), At(seconds(139)));
  upkeep.OnBlock(false, At(seconds(138)));
  EXPECT_EQ(upkeep.due(), kNoDeadline);
  EXPECT_EQ(upkeep.Next(At(seconds(139))), Action::kNone);
}

TEST_F(UpkeepTest, ASilentPeerIsAskedAndCutOffWhenItDoesNotAnswer) {
  options_.keepalive_time = seconds(60);
  Upkeep upkeep = Ready();
  EXPECT_EQ(upkeep.Next(At(seconds(20))), Action::kNone);
  EXPECT_EQ(upkeep.due(), At(seconds(60)));
  EXPECT_EQ(upkeep.Next(At(seconds(60))), Action::kPing);
  EXPECT_EQ(upkeep.due(), At(seconds(80)));
  EXPECT_EQ(upkeep.Next(At(seconds(79))), Action::kNone);
  EXPECT_EQ(upkeep.Next(At(seconds(80))), Action::kClose);
}

// It would be asked for what is due again and again.
TEST_F(UpkeepTest, APeerThatSaysNothingAtAllIsNotAskedForASignOfLife) {
  options_.keepalive_time = seconds(10);
  Upkeep upkeep(options_, At(seconds(0)), 0.5);
  EXPECT_EQ(upkeep.due(), At(seconds(20)));
  upkeep.OnReady();
  EXPECT_EQ(upkeep.due(), At(seconds(10)));
  EXPECT_EQ(upkeep.Next(At(seconds(15))), Action::kPing);
}

TEST_F(UpkeepTest, CallsAreCancelledOnceAndThePeerIsStillAskedForASignOfLife) {
  options_.max_age = minutes(30);
  options_.max_age_grace = seconds(10);
  options_.keepalive_time = minutes(60);
  Upkeep upkeep = Ready();
  upkeep.OnCalls(true, At(minutes(1)));
  int cancels = 0, closes = 0;
  // What is due comes to an end, and in between there is nothing to do.
  for (int steps = 0; closes == 0; ++steps) {
    ASSERT_LT(steps, 10);
    const TimePoint now = upkeep.due();
    ASSERT_NE(now, kNoDeadline);
    const Action action = upkeep.Next(now);
    cancels += action == Action::kCancel;
    closes += action == Action::kClose;
    if (action != Action::kClose) {
      ASSERT_GT(upkeep.due(), now);
    }
  }
  EXPECT_EQ(cancels, 1);
}

TEST_F(UpkeepTest, AnyByteIsASignOfLife) {
  options_.keepalive_time = seconds(60);
  Upkeep upkeep = Ready();
  upkeep.OnRead(At(seconds(30)));
  EXPECT_EQ(upkeep.Next(At(seconds(60))), Action::kNone);
  EXPECT_EQ(upkeep.Next(At(seconds(90))), Action::kPing);
  upkeep.OnRead(At(seconds(91)));
  EXPECT_EQ(upkeep.Next(At(seconds(110))), Action::kNone);
  EXPECT_EQ(upkeep.due(), At(seconds(151)));
}

// Also when the time-out of the last ping would not have come to its end by then.
TEST_F(UpkeepTest, APeerThatHasAnsweredIsAskedAgainInTime) {
  options_.keepalive_time = seconds(10);
  options_.keepalive_timeout = seconds(20);
  Upkeep upkeep = Ready();
  EXPECT_EQ(upkeep.Next(At(seconds(10))), Action::kPing);
  EXPECT_EQ(upkeep.due(), At(seconds(30)));
  upkeep.OnRead(At(seconds(11)));
  EXPECT_EQ(upkeep.due(), At(seconds(21)));
  EXPECT_EQ(upkeep.Next(At(seconds(21))), Action::kPing);
}

TEST_F(UpkeepTest, AnIdleConnectionIsDrainedAndOneWithCallsIsNot) {
  options_.max_idle = minutes(5);
  Upkeep upkeep = Ready();
  upkeep.OnCalls(true, At(minutes(1)));
  EXPECT_EQ(upkeep.Next(At(minutes(10))), Action::kNone);
  upkeep.OnCalls(false, At(minutes(20)));
  EXPECT_EQ(upkeep.due(), At(minutes(25)));
  EXPECT_EQ(upkeep.Next(At(minutes(24))), Action::kNone);
  EXPECT_EQ(upkeep.Next(At(minutes(25))), Action::kDrain);
}

TEST_F(UpkeepTest, AnOldConnectionIsDrainedInStepsAndItsCallsGetTheirGrace) {
  options_.max_age = minutes(30);
  options_.max_age_grace = seconds(10);
  Upkeep upkeep = Ready();
  upkeep.OnCalls(true, At(minutes(1)));
  EXPECT_EQ(upkeep.Next(At(minutes(29))), Action::kNone);
  EXPECT_EQ(upkeep.Next(At(minutes(30))), Action::kDrain);
  EXPECT_EQ(upkeep.due(), At(minutes(30) + seconds(1)));
  EXPECT_EQ(upkeep.Next(At(minutes(30) + seconds(1))), Action::kEndDrain);
  EXPECT_EQ(upkeep.due(), At(minutes(30) + seconds(10)));
  EXPECT_EQ(upkeep.Next(At(minutes(30) + seconds(10))), Action::kCancel);
}

TEST_F(UpkeepTest, TheAgeIsSpreadByATenth) {
  options_.max_age = minutes(100);
  options_.keepalive_time = kForever;
  Upkeep young = Ready(0), old = Ready(1);
  young.Next(At(seconds(20)));
  old.Next(At(seconds(20)));
  EXPECT_EQ(young.due(), At(minutes(90)));
  EXPECT_EQ(old.due(), At(minutes(110)));
}

TEST_F(UpkeepTest, WithoutLimitsNothingIsDue) {
  options_.keepalive_time = kForever;
  Upkeep upkeep = Ready();
  EXPECT_EQ(upkeep.Next(At(seconds(20))), Action::kNone);
  EXPECT_EQ(upkeep.due(), kNoDeadline);
}

TEST_F(UpkeepTest, PingsThatComeTooOftenAreStrikes) {
  Upkeep upkeep = Ready();
  upkeep.OnCalls(true, At(seconds(0)));
  EXPECT_TRUE(upkeep.OnPing(At(seconds(1)), false));
  EXPECT_TRUE(upkeep.OnPing(At(seconds(2)), false));
  EXPECT_TRUE(upkeep.OnPing(At(seconds(3)), false));
  EXPECT_FALSE(upkeep.OnPing(At(seconds(4)), false));
}

TEST_F(UpkeepTest, PingsInTheirIntervalOrAlongWithDataAreNone) {
  Upkeep upkeep = Ready();
  upkeep.OnCalls(true, At(seconds(0)));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(upkeep.OnPing(At(minutes(5 * i)), false));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(upkeep.OnPing(At(minutes(60) + seconds(i)), true));
}

TEST_F(UpkeepTest, WithoutCallsPingsAreRarerUnlessThatIsAllowed) {
  for (const bool allowed : {false, true}) {
    options_.pings_without_calls = allowed;
    Upkeep upkeep = Ready();
    bool good = true;
    for (int i = 0; i < 10; ++i) good = upkeep.OnPing(At(minutes(6 * i)), false);
    EXPECT_EQ(good, allowed);
  }
}

}  // namespace
}  // namespace rota::native
