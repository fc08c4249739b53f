#include "framework/runtime/drain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "framework/base/callback.h"
#include "framework/base/clock.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"

namespace rota {
namespace {

using ::testing::ElementsAre;

class DrainTest : public ::testing::Test {
 protected:
  DrainTest() {
    drain_.emplace(loop_, Drain::Options{.notice = std::chrono::seconds(1), .quiet = std::chrono::milliseconds(100), .grace = std::chrono::seconds(7), .linger = std::chrono::milliseconds(200), .stop_timeout = std::chrono::seconds(2)},
                   Drain::Steps{.refuse = [this] { steps_.push_back("refuse"); },
                                .calls_started = [this] { return calls_started_; },
                                .drain_calls =
                                    [this](Duration grace, Callback done) {
                                      steps_.push_back("drain_calls");
                                      grace_ = grace;
                                      calls_done_ = std::move(done);
                                    },
                                .calls_in_flight = [this] { return calls_in_flight_; },
                                .cut_connections = [this] { steps_.push_back("cut_connections"); },
                                .stop_actors =
                                    [this](Callback done) {
                                      steps_.push_back("stop_actors");
                                      actors_done_ = std::move(done);
                                    },
                                .finish = [this] { steps_.push_back("finish"); },
                                .give_up = [this] { steps_.push_back("give_up"); }});
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  std::vector<std::string> steps_;
  // Lets the loop run until the notice is over and calls are drained.
  void RunUntilDraining() {
    while (steps_.empty() || steps_.back() != "drain_calls") loop_.RunOnce();
  }

  uint64_t calls_started_ = 0;
  uint64_t calls_in_flight_ = 1;
  Duration grace_{};
  Callback calls_done_;
  Callback actors_done_;
  std::optional<Drain> drain_;
};

TEST_F(DrainTest, NothingHappensBeforeItBegins) {
  loop_.Run();
  EXPECT_FALSE(drain_->begun());
  EXPECT_THAT(steps_, ElementsAre());
}

TEST_F(DrainTest, EachStepWaitsForTheOneBefore) {
  drain_->Begin();
  EXPECT_TRUE(drain_->begun());
  EXPECT_THAT(steps_, ElementsAre("refuse"));
  RunUntilDraining();
  EXPECT_THAT(steps_, ElementsAre("refuse", "drain_calls"));
  EXPECT_EQ(grace_, std::chrono::seconds(7));
  calls_done_();
  EXPECT_THAT(steps_, ElementsAre("refuse", "drain_calls", "stop_actors"));
  actors_done_();
  EXPECT_THAT(steps_, ElementsAre("refuse", "drain_calls", "stop_actors", "finish"));
  loop_.Run();
  EXPECT_EQ(steps_.size(), 4u);
}

TEST_F(DrainTest, CallsAreTakenInUntilNoneHasComeForAWhile) {
  const TimePoint start = loop_.Now();
  drain_->Begin();
  for (int i = 1; i <= 3; ++i) {
    loop_.SetTimeout(i * std::chrono::milliseconds(90), [this] { ++calls_started_; });
  }
  RunUntilDraining();
  EXPECT_THAT(steps_, ElementsAre("refuse", "drain_calls"));
  EXPECT_EQ(loop_.Now() - start, std::chrono::milliseconds(400));
}

TEST_F(DrainTest, CallersWhoNeverGoElsewhereDoNotHoldItUp) {
  const TimePoint start = loop_.Now();
  drain_->Begin();
  loop_.SetInterval(std::chrono::milliseconds(10), [this] { ++calls_started_; });
  RunUntilDraining();
  EXPECT_EQ(loop_.Now() - start, std::chrono::seconds(1));
}

TEST_F(DrainTest, ConnectionsAreCutWhenNoCallIsLeftAndNotBefore) {
  drain_->Begin();
  RunUntilDraining();
  const TimePoint start = loop_.Now();
  loop_.SetTimeout(std::chrono::seconds(3), [this] { calls_in_flight_ = 0; });
  loop_.Run();
  EXPECT_THAT(steps_, ElementsAre("refuse", "drain_calls", "cut_connections"));
  EXPECT_GE(loop_.Now() - start, std::chrono::seconds(3));
  EXPECT_LE(loop_.Now() - start, std::chrono::milliseconds(3200));
}

TEST_F(DrainTest, ActorsThatDoNotStopInTimeAreGivenUp) {
  drain_->Begin();
  RunUntilDraining();
  const TimePoint start = loop_.Now();
  calls_done_();
  loop_.Run();
  EXPECT_THAT(steps_, ElementsAre("refuse", "drain_calls", "stop_actors", "give_up"));
  EXPECT_EQ(loop_.Now() - start, std::chrono::seconds(2));
  actors_done_();
  EXPECT_EQ(steps_.back(), "give_up");
}

TEST_F(DrainTest, DestroyedMeanwhileItLeavesNoTimerBehind) {
  drain_->Begin();
  EXPECT_TRUE(loop_.alive());
  drain_.reset();
  EXPECT_FALSE(loop_.alive());
}

TEST_F(DrainTest, BeginningTwiceBreaksAnInvariant) {
  drain_->Begin();
  EXPECT_DEATH(drain_->Begin(), "begins once");
}

}  // namespace
}  // namespace rota
