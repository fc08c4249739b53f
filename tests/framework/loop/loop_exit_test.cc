#include "framework/loop/loop_exit.h"

#include <string>
#include <vector>

#include "framework/base/ref.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using Trace = std::vector<std::string>;

class LoopExitTest : public testing::Test {
 protected:
  // As the loop runs a callback: a throw is an end of its own.
  StepEnd Guarded(Callback& callback, ContextBase* context) {
    const ContextScope scope(context);
    try {
      callback();
    } catch (int) {
      return StepEnd::kThrew;
    }
    return exit_.exiting() ? StepEnd::kStop : StepEnd::kDone;
  }
  bool RunBefore() {
    return exit_.RunBefore([this](Callback& callback, ContextBase* context) { return Guarded(callback, context); });
  }
  void RunHooks() {
    exit_.RunHooks([this](Callback& callback, ContextBase* context) { return Guarded(callback, context); });
  }
  Callback Note(const char* what) {
    return [this, what] { trace_.emplace_back(what); };
  }

  LoopExit exit_;
  Trace trace_;
};

TEST_F(LoopExitTest, TheFirstExitHasTheCode) {
  EXPECT_FALSE(exit_.exiting());
  exit_.set_code(1);
  exit_.Exit(2);
  exit_.Exit(3);
  EXPECT_TRUE(exit_.exiting());
  EXPECT_EQ(exit_.code(), 2);
}

TEST_F(LoopExitTest, AStopIsTakenOnce) {
  EXPECT_FALSE(exit_.TakeStop());
  exit_.Stop();
  EXPECT_TRUE(exit_.stopped());
  EXPECT_TRUE(exit_.TakeStop());
  EXPECT_FALSE(exit_.stopped());
  EXPECT_FALSE(exit_.exiting());
}

TEST_F(LoopExitTest, WhatIsToRunBeforeRunsEachTimeAndWhatOneAddsTheNextTime) {
  exit_.OnBeforeExit([this] {
    trace_.emplace_back("first");
    exit_.OnBeforeExit(Note("added"));
  });
  exit_.OnBeforeExit(Note("second"));
  EXPECT_TRUE(RunBefore());
  EXPECT_EQ(trace_, (Trace{"first", "second"}));
  trace_.clear();
  EXPECT_TRUE(RunBefore());
  EXPECT_EQ(trace_, (Trace{"first", "second", "added"}));
}

TEST_F(LoopExitTest, AnExceptionAndAnExitEndTheRound) {
  bool throws = true;
  exit_.OnBeforeExit([&] {
    if (throws) throw 1;
    exit_.Exit(0);
  });
  exit_.OnBeforeExit(Note("never"));
  EXPECT_FALSE(RunBefore());
  throws = false;
  EXPECT_FALSE(RunBefore());
  EXPECT_FALSE(RunBefore());
  EXPECT_EQ(trace_, Trace{});
}

TEST_F(LoopExitTest, HooksGetTheCodeThatTheOneBeforeHasSetAndMayAddOthers) {
  exit_.OnExit([this](int code) {
    trace_.push_back("first " + std::to_string(code));
    exit_.set_code(5);
    exit_.OnExit([this](int added) { trace_.push_back("added " + std::to_string(added)); });
  });
  exit_.OnExit([this](int code) { trace_.push_back("second " + std::to_string(code)); });
  exit_.Exit(4);
  RunHooks();
  EXPECT_EQ(trace_, (Trace{"first 4", "second 5", "added 5"}));
}

TEST_F(LoopExitTest, AHookThatExitsHasTheLastWord) {
  exit_.OnExit([this](int) { exit_.Exit(9); });
  exit_.OnExit([](int) { FAIL() << "a hook after the one that exits"; });
  exit_.Exit(4);
  RunHooks();
  EXPECT_EQ(exit_.code(), 9);
}

TEST_F(LoopExitTest, AHookThatThrowsDoesNotKeepTheOthersFromRunning) {
  exit_.OnExit([](int) { throw 1; });
  exit_.OnExit([this](int) { trace_.emplace_back("second"); });
  RunHooks();
  EXPECT_EQ(trace_, Trace{"second"});
}

TEST_F(LoopExitTest, HooksRunUnderTheContextOfTheExit) {
  class Context final : public ContextBase {};
  const Ref<ContextBase> context = MakeRef<Context>();
  bool ran = false;
  exit_.OnExit([&](int) {
    ran = true;
    EXPECT_EQ(CurrentContext(), context.get());
  });
  {
    const ContextScope scope(context.get());
    exit_.Exit(0);
  }
  RunHooks();
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace rota
