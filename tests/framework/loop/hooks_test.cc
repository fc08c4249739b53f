#include "framework/loop/hooks.h"

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/operation.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::milliseconds;
using Trace = std::vector<std::string>;

class Hook final : public LoopHook {
 public:
  explicit Hook(std::function<void()> run) : run_(std::move(run)) {}
  void RunHook() override { run_(); }

 private:
  const std::function<void()> run_;
};

class HooksTest : public testing::Test {
 protected:
  std::function<void()> Note(std::string text) {
    return [this, text = std::move(text)] { trace_.push_back(text); };
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  Trace trace_;
};

TEST_F(HooksTest, PrepareRunsBeforePollAndCheckAfterIt) {
  Hook before(Note("prepare")), after(Note("check"));
  loop_.prepare_hooks().Add(before);
  loop_.check_hooks().Add(after);
  loop_.SetImmediate(Note("immediate"));
  loop_.Post(Note("posted"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"prepare", "posted", "check", "immediate"}));
}

TEST_F(HooksTest, HookDoesNotKeepTheLoopAlive) {
  Hook hook(Note("hook"));
  loop_.prepare_hooks().Add(hook);
  loop_.Run();
  EXPECT_EQ(trace_, Trace{});
}

TEST_F(HooksTest, WhatAPrepareHookSchedulesKeepsPollFromSleeping) {
  bool once = true;
  Hook hook([&] {
    if (std::exchange(once, false)) loop_.SetImmediate(Note("immediate"));
  });
  loop_.prepare_hooks().Add(hook);
  loop_.SetTimeout(milliseconds(1000), Note("timer"));
  EXPECT_TRUE(loop_.RunOnce());
  EXPECT_EQ(trace_, Trace{"immediate"});
}

TEST_F(HooksTest, PollDoesNotSleepWhileAHookIsDue) {
  class DueHook final : public LoopHook {
   public:
    void RunHook() override { due_ = false; }
    bool IsDue() const override { return due_; }
    void MakeDue() { due_ = true; }

   private:
    bool due_ = false;
  };
  DueHook first;
  Hook second([&] { first.MakeDue(); });
  loop_.prepare_hooks().Add(first);
  loop_.prepare_hooks().Add(second);
  loop_.SetTimeout(milliseconds(1000), Note("timer"));
  EXPECT_TRUE(loop_.RunOnce());
  EXPECT_EQ(trace_, Trace{});
  loop_.prepare_hooks().Remove(second);
  loop_.RunOnce();
  EXPECT_EQ(trace_, Trace{"timer"});
}

TEST_F(HooksTest, HookMayRunACompletionAndItsTicksFollow) {
  bool once = true;
  Hook hook([&] {
    EXPECT_EQ(CurrentContext(), nullptr);
    if (!std::exchange(once, false)) return;
    loop_.RunCompletion(Operation(loop_, RefKind::kIo), [this] {
      trace_.push_back("completion");
      loop_.NextTick(Note("its tick"));
    });
    loop_.NextTick(Note("tick of the hook"));
  });
  loop_.check_hooks().Add(hook);
  loop_.SetImmediate(Note("immediate"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"completion", "its tick", "tick of the hook", "immediate"}));
}

TEST_F(HooksTest, RemovedHookDoesNotRunAlsoWhenAnotherHookRemovesIt) {
  Hook second(Note("second")), third(Note("third"));
  Hook first([&] { loop_.prepare_hooks().Remove(second); });
  for (Hook* hook : {&first, &second, &third}) loop_.prepare_hooks().Add(*hook);
  loop_.SetImmediate([] {});
  loop_.Run();
  loop_.prepare_hooks().Remove(third);
  loop_.SetImmediate([] {});
  loop_.Run();
  EXPECT_EQ(trace_, Trace{"third"});
}

TEST_F(HooksTest, ExceptionOfAHookGoesToTheUncaughtHandlerAndTheNextHookRuns) {
  Hook first([] { throw std::runtime_error("broken"); }), second(Note("second"));
  loop_.prepare_hooks().Add(first);
  loop_.prepare_hooks().Add(second);
  loop_.SetUncaughtHandler([this](std::exception_ptr) { trace_.push_back("uncaught"); });
  loop_.SetImmediate([] {});
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"uncaught", "second"}));
}

}  // namespace
}  // namespace rota
