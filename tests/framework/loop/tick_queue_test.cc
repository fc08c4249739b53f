#include "framework/loop/tick_queue.h"

#include <memory>
#include <string>
#include <utility>

#include "framework/loop/compatibility.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

class TickQueueTest : public testing::Test {
 protected:
  void Tick(const std::string& name, Callback then = nullptr) { queue_.PushTick(Named(name, std::move(then))); }
  uint64_t Microtask(const std::string& name, Callback then = nullptr) { return queue_.PushMicrotask(Named(name, std::move(then))); }
  Callback Named(const std::string& name, Callback then) {
    return [this, name, then = std::move(then)]() mutable {
      trace_ += name + " ";
      if (then) then();
    };
  }
  struct Runner {
    StepEnd RunTick(ScheduledCallback& tick) {
      tick.callback();
      return stop_at.empty() || trace.find(stop_at) == std::string::npos ? StepEnd::kDone : StepEnd::kStop;
    }
    StepEnd RunMicrotask(ScheduledCallback& microtask) { return RunTick(microtask); }
    StepEnd RunError(UnhandledError&) { return StepEnd::kDone; }
    const std::string& trace;
    const std::string stop_at;
  };
  // Stops after the callback that is named.
  std::string Drain(const std::string& stop_at = "") {
    trace_.clear();
    queue_.Drain(Runner{trace_, stop_at});
    return trace_;
  }

  TickQueue queue_;
  std::string trace_;
};

TEST_F(TickQueueTest, TicksGoBeforeMicrotasksInTheOrderInWhichTheyCame) {
  Microtask("m1");
  Tick("t1");
  Microtask("m2");
  Tick("t2");
  EXPECT_EQ(Drain(), "t1 t2 m1 m2 ");
  EXPECT_TRUE(queue_.empty());
}

// As in Node 20: a tick that a microtask adds waits until all microtasks have run, and a microtask that a tick adds waits
// until all ticks have.
TEST_F(TickQueueTest, WhatIsAddedMeanwhileRunsInTheSameDrain) {
  Tick("t1", [this] {
    Microtask("m2");
    Tick("t2");
  });
  Microtask("m1", [this] {
    Tick("t3", [this] { Microtask("m4"); });
    Microtask("m3");
  });
  EXPECT_EQ(Drain(), "t1 t2 m1 m2 m3 t3 m4 ");
}

TEST_F(TickQueueTest, AMicrotaskThatIsTakenBackDoesNotRunAndLetsGoOfWhatItHeld) {
  const auto held = std::make_shared<int>(1);
  Microtask("m1");
  const uint64_t position = Microtask("m2", [held] {});
  Microtask("m3");
  EXPECT_EQ(held.use_count(), 2);
  queue_.TakeBack(position);
  queue_.TakeBack(position);
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(Drain(), "m1 m3 ");
  queue_.TakeBack(position);
}

TEST_F(TickQueueTest, ADrainThatIsStoppedLeavesTheRest) {
  Tick("t1");
  Tick("t2");
  Microtask("m1");
  EXPECT_EQ(Drain("t1"), "t1 ");
  EXPECT_EQ(queue_.ticks(), 1u);
  EXPECT_EQ(queue_.microtasks(), 1u);
  EXPECT_EQ(Drain(), "t2 m1 ");
}

}  // namespace
}  // namespace rota
