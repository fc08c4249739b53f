#include "framework/loop/budget.h"

#include <gtest/gtest.h>

#include <chrono>

#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"

namespace rota {
namespace {

class BudgetTest : public testing::Test {
 protected:
  // How many can be taken.
  int TakeAll() {
    int taken = 0;
    while (budget_.Take(loop_)) ++taken;
    return taken;
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  Budget<100, 1000> budget_{loop_.Now()};
};

TEST_F(BudgetTest, AllOfItMayBeTakenAtOnce) { EXPECT_EQ(TakeAll(), 1000); }

TEST_F(BudgetTest, ItComesBackWithTimeAndNeverIsMore) {
  TakeAll();
  clock_.Advance(std::chrono::milliseconds(500));
  EXPECT_EQ(TakeAll(), 50);
  // A tenth of one now and then is one in the end.
  for (int i = 0; i < 9; ++i) {
    clock_.Advance(std::chrono::milliseconds(1));
    EXPECT_EQ(TakeAll(), 0);
  }
  clock_.Advance(std::chrono::milliseconds(2));
  EXPECT_EQ(TakeAll(), 1);
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(TakeAll(), 1000);
}

TEST_F(BudgetTest, MoreMayBeAddedUpToAllOfIt) {
  TakeAll();
  budget_.Add(3);
  EXPECT_EQ(TakeAll(), 3);
  budget_.Add(5000);
  EXPECT_EQ(TakeAll(), 1000);
}

}  // namespace
}  // namespace rota
