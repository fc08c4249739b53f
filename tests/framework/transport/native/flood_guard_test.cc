#include "framework/transport/native/flood_guard.h"

#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota::native {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class FloodGuardTest : public testing::Test {
 protected:
  // How many of `count` are let through.
  template <typename Frame>
  int Send(int count, Frame frame) {
    int good = 0;
    for (int i = 0; i < count; ++i) good += frame();
    return good;
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  FloodGuard guard_{loop_};
};

TEST_F(FloodGuardTest, AThousandCancelsASecondAreLeftAlone) {
  for (int second = 0; second < 100; ++second) {
    ASSERT_EQ(Send(1000, [&] { return guard_.OnReset(); }), 1000) << second;
    clock_.Advance(seconds(1));
  }
}

TEST_F(FloodGuardTest, ARapidResetIsStopped) {
  EXPECT_LT(Send(20000, [&] { return guard_.OnReset(); }), 11000);
}

TEST_F(FloodGuardTest, TheBudgetComesBackWithTime) {
  Send(20000, [&] { return guard_.OnControl(); });
  EXPECT_FALSE(guard_.OnControl());
  clock_.Advance(milliseconds(100));
  const int good = Send(1000, [&] { return guard_.OnControl(); });
  EXPECT_GE(good, 99);
  EXPECT_LE(good, 101);
}

TEST_F(FloodGuardTest, WhoGetsMuchDataMaySendManyWindowUpdates) {
  for (int i = 0; i < 100000; ++i) {
    guard_.OnDataSent();
    ASSERT_TRUE(guard_.OnWindowUpdate());
    ASSERT_TRUE(guard_.OnWindowUpdate());
  }
  EXPECT_LT(Send(20000, [&] { return guard_.OnWindowUpdate(); }), 11000);
}

TEST_F(FloodGuardTest, FewCallsAreRefusedForTheirFieldsUntilThePeerIsToBeCalm) {
  EXPECT_EQ(Send(1000, [&] { return guard_.OnRefusedFields(); }), 200);
  clock_.Advance(seconds(1));
  EXPECT_EQ(Send(1000, [&] { return guard_.OnRefusedFields(); }), 20);
}

TEST_F(FloodGuardTest, SettingsMayBeChangedNowAndThen) {
  EXPECT_EQ(Send(20000, [&] { return guard_.OnSettings(); }), 1000);
  clock_.Advance(seconds(1));
  EXPECT_EQ(Send(20000, [&] { return guard_.OnSettings(); }), 100);
}

TEST_F(FloodGuardTest, OneKindDoesNotUseUpAnother) {
  Send(20000, [&] { return guard_.OnControl(); });
  EXPECT_TRUE(guard_.OnSettings());
  EXPECT_TRUE(guard_.OnReset());
  EXPECT_TRUE(guard_.OnWindowUpdate());
}

}  // namespace
}  // namespace rota::native
