#include "framework/actor/actor_cell.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "framework/actor/actor_system.h"
#include "framework/actor/sleep.h"
#include "framework/actor/turn.h"
#include "framework/context/request_context.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"

namespace rota {
namespace {

using std::chrono::milliseconds;
using Words = std::vector<std::string>;

class Silent final : public Actor {};

// Takes a while, and writes how it went.
class SlowTurn final : public Turn {
 public:
  SlowTurn(Ref<RequestContext> context, std::string name, Words& words) : Turn(std::move(context)), name_(std::move(name)), words_(words) {}
  Task<void> Run(Actor& actor, RequestContext& context) override {
    words_.push_back(name_ + " runs for '" + actor.key() + "'");
    co_await Sleep(context, milliseconds(10));
  }
  void Done(const Status& status) override { words_.push_back(name_ + " " + std::string(StatusCodeName(status.code()))); }

 private:
  const std::string name_;
  Words& words_;
};

// A cell without the system that finds it by its address: the test gives it its steps.
class ActorCellTest : public testing::Test {
 protected:
  ActorCellTest() {
    options_.name = "silent";
    options_.mailbox_capacity = 2;
    options_.factory = [](const std::string&) { return std::make_unique<Silent>(); };
    cell_ = std::make_unique<ActorCell>(system_, options_, stats_, "key");
  }
  Ref<RequestContext> NewContext() { return MakeRef<RequestContext>(loop_, RequestContext::Start{}); }
  Status Push(const std::string& name, Ref<RequestContext> context) {
    turn_ = std::make_unique<SlowTurn>(std::move(context), name, words_);
    return cell_->Push(turn_);
  }
  Status Push(const std::string& name) { return Push(name, NewContext()); }

  ManualClock clock_;
  EventLoop loop_{clock_};
  ActorSystem system_{loop_, nullptr};
  KindOptions options_;
  KindStats stats_;
  Words words_;
  std::unique_ptr<Turn> turn_;  // What Push() has left.
  std::unique_ptr<ActorCell> cell_;
};

TEST_F(ActorCellTest, IsNamedByItsKindAndItsKeyIfItHasOne) {
  EXPECT_EQ(cell_->name(), "silent/key");
  EXPECT_EQ(ActorCell(system_, options_, stats_, "").name(), "silent");
}

TEST_F(ActorCellTest, RunsOnlyWhenThereIsAMessageAndTheFirstStepStartsTheActor) {
  EXPECT_FALSE(cell_->runnable());
  cell_->Step();
  EXPECT_EQ(stats_.starts, 0u);
  ASSERT_TRUE(Push("a").ok());
  EXPECT_EQ(turn_, nullptr);
  EXPECT_TRUE(cell_->runnable());
  cell_->Step();
  EXPECT_EQ(stats_.starts, 1u);
  EXPECT_EQ(stats_.actors, 1u);
  EXPECT_TRUE(words_.empty());
  cell_->Step();
  EXPECT_EQ(words_, (Words{"a runs for 'key'"}));
  EXPECT_EQ(stats_.running, 1u);
  EXPECT_EQ(stats_.mailbox_depth, 0u);
}

TEST_F(ActorCellTest, OneTurnAtATimeUnlessTheKindInterleaves) {
  ASSERT_TRUE(Push("a").ok() && Push("b").ok());
  for (int i = 0; i < 3; ++i) cell_->Step();
  EXPECT_EQ(words_, (Words{"a runs for 'key'"}));
  EXPECT_FALSE(cell_->runnable());
  options_.interleave = true;
  options_.max_interleaved_turns = 2;
  EXPECT_TRUE(cell_->runnable());
  cell_->Step();
  EXPECT_EQ(words_, (Words{"a runs for 'key'", "b runs for 'key'"}));
  ASSERT_TRUE(Push("c").ok());
  EXPECT_FALSE(cell_->runnable());
}

TEST_F(ActorCellTest, AFullMailboxRefusesAndLeavesTheMessage) {
  ASSERT_TRUE(Push("a").ok() && Push("b").ok());
  EXPECT_EQ(Push("c"), ResourceExhaustedError("mailbox of 'silent/key' is full (capacity 2)"));
  EXPECT_NE(turn_, nullptr);
  EXPECT_EQ(stats_.refused, 1u);
  EXPECT_EQ(stats_.mailbox_depth, 2u);
  EXPECT_TRUE(words_.empty());
}

TEST_F(ActorCellTest, AMessageWhoseRequestIsOverIsNotTaken) {
  const Ref<RequestContext> context = NewContext();
  context->Cancel(CancelledError("the caller left"));
  EXPECT_EQ(Push("a", context), CancelledError("the caller left"));
  EXPECT_NE(turn_, nullptr);
  EXPECT_EQ(stats_.expired, 1u);
  EXPECT_FALSE(cell_->runnable());
}

TEST_F(ActorCellTest, AMessageWhoseRequestEndsWhileItWaitsLeavesTheMailbox) {
  const Ref<RequestContext> context = NewContext();
  ASSERT_TRUE(Push("a", context).ok() && Push("b").ok());
  context->Cancel(DeadlineExceededError("too late"));
  EXPECT_EQ(words_, (Words{"a DEADLINE_EXCEEDED"}));
  EXPECT_EQ(stats_.expired, 1u);
  EXPECT_EQ(stats_.mailbox_depth, 1u);
  cell_->Step();
  cell_->Step();
  EXPECT_EQ(words_.back(), "b runs for 'key'");
}

TEST_F(ActorCellTest, WhatIsLeftWhenItIsDestroyedEndsWithCancelled) {
  ASSERT_TRUE(Push("a").ok() && Push("b").ok());
  cell_->Step();
  cell_->Step();
  cell_.reset();
  EXPECT_EQ(words_, (Words{"a runs for 'key'", "b CANCELLED", "a CANCELLED"}));
  EXPECT_EQ(stats_.mailbox_depth, 0u);
  EXPECT_EQ(stats_.running, 0u);
  EXPECT_EQ(stats_.actors, 0u);
}

}  // namespace
}  // namespace rota
