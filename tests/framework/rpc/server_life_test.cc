#include "framework/rpc/server_life.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "framework/loop/event_loop.h"
#include "framework/rpc/transport.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::seconds;
using Events = std::vector<std::string>;

class ServerLifeTest : public testing::Test {
 protected:
  Callback Add(const char* event) {
    return [this, event] { events_.emplace_back(event); };
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  Events events_;
  std::unique_ptr<ServerLife> life_ =
      std::make_unique<ServerLife>(loop_, ServerLife::Steps{.begin_drain = Add("drain"), .cancel_calls = Add("cancel")});
};

TEST_F(ServerLifeTest, ItKeepsTheLoopAliveFromBeginToEnd) {
  EXPECT_FALSE(loop_.alive());
  EXPECT_TRUE(life_->is_new());
  life_->Begin();
  EXPECT_TRUE(life_->serving());
  EXPECT_TRUE(loop_.alive());
  life_->Drain(kForever, Add("done"));
  EXPECT_TRUE(life_->draining());
  loop_.SetImmediate([] {});
  EXPECT_TRUE(loop_.RunOnce());
  EXPECT_EQ(events_, Events{"drain"});
  life_->End();
  EXPECT_TRUE(life_->stopped());
  loop_.Run();
  EXPECT_EQ(events_, (Events{"drain", "done"}));
  EXPECT_FALSE(loop_.alive());
}

TEST_F(ServerLifeTest, OneThatIsNotToKeepTheLoopAliveIsToldOfItsEndAllTheSame) {
  life_->Begin(false);
  EXPECT_FALSE(loop_.alive());
  life_->Drain(kForever, Add("done"));
  life_->End();
  loop_.Run();
  EXPECT_EQ(events_, (Events{"drain", "done"}));
}

TEST_F(ServerLifeTest, DoneRunsAfterWhatIsQueuedAtTheEnd) {
  life_->Begin();
  life_->Drain(kForever, Add("done"));
  loop_.SetImmediate(Add("immediate"));
  life_->End();
  loop_.Run();
  EXPECT_EQ(events_, (Events{"drain", "immediate", "done"}));
}

TEST_F(ServerLifeTest, CallsThatRunLongerThanTheGraceAreCancelled) {
  life_->Begin();
  const TimePoint begin = loop_.Now();
  life_->Drain(seconds(5), nullptr);
  while (events_.size() < 2) loop_.RunOnce();
  EXPECT_EQ(events_, (Events{"drain", "cancel"}));
  EXPECT_EQ(loop_.Now() - begin, seconds(5));
  EXPECT_TRUE(life_->draining());
}

TEST_F(ServerLifeTest, WithoutGraceTheyAreCancelledAtOnce) {
  life_->Begin();
  life_->Drain(Duration::zero(), nullptr);
  EXPECT_EQ(events_, (Events{"drain", "cancel"}));
}

TEST_F(ServerLifeTest, ASecondDrainShortensTheGraceAndLeavesDoneToTheFirst) {
  life_->Begin();
  const TimePoint begin = loop_.Now();
  life_->Drain(seconds(60), Add("first"));
  life_->Drain(seconds(5), Add("second"));
  life_->Drain(seconds(600), Add("third"));
  while (events_.size() < 2) loop_.RunOnce();
  EXPECT_EQ(loop_.Now() - begin, seconds(5));
  life_->End();
  loop_.Run();
  EXPECT_EQ(events_, (Events{"drain", "cancel", "first"}));
}

TEST_F(ServerLifeTest, AGraceThatHasEndedTheDrainCancelsNothingMore) {
  life_->Begin();
  life_->Drain(seconds(5), nullptr);
  life_->End();
  loop_.SetTimeout(seconds(10), [] {});
  loop_.Run();
  EXPECT_EQ(events_, Events{"drain"});
}

TEST_F(ServerLifeTest, AServerWithoutCallsMayEndWhileItsDrainBegins) {
  life_ = std::make_unique<ServerLife>(loop_, ServerLife::Steps{.begin_drain = [this] { life_->End(); }, .cancel_calls = Add("cancel")});
  life_->Begin();
  life_->Drain(Duration::zero(), Add("done"));
  loop_.Run();
  EXPECT_EQ(events_, Events{"done"});
}

TEST_F(ServerLifeTest, OneThatDoesNotServeIsDrainedInTheNextIteration) {
  life_->Drain(seconds(5), Add("new"));
  EXPECT_TRUE(life_->stopped());
  EXPECT_EQ(events_, Events{});
  life_->Drain(seconds(5), Add("stopped"));
  loop_.Run();
  EXPECT_EQ(events_, (Events{"new", "stopped"}));
}

TEST_F(ServerLifeTest, WhatIsDroppedOrGoneIsNotTold) {
  life_->Begin();
  life_->Drain(seconds(5), Add("done"));
  life_->DropDone();
  life_->End();
  loop_.Run();
  EXPECT_EQ(events_, Events{"drain"});

  life_ = std::make_unique<ServerLife>(loop_, ServerLife::Steps{.begin_drain = Add("drain"), .cancel_calls = Add("cancel")});
  life_->Begin();
  life_->Drain(seconds(5), Add("done"));
  life_ = nullptr;
  EXPECT_FALSE(loop_.alive());
  loop_.SetTimeout(seconds(10), [] {});
  loop_.Run();
  EXPECT_EQ(events_, (Events{"drain", "drain"}));
}

}  // namespace
}  // namespace rota
