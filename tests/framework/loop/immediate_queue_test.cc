#include "framework/loop/immediate_queue.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace rota {
namespace {

using Trace = std::vector<std::string>;

class ImmediateQueueTest : public testing::Test {
 protected:
  // Runs callbacks as the loop does; where one sets `end`, the step ends so.
  struct Steps {
    StepEnd Run(Callback& callback, ContextBase* context) const {
      const ContextScope scope(context);
      callback();
      return std::exchange(test.end_, StepEnd::kDone);
    }
    StepEnd Drain() const {
      test.trace_.emplace_back("drain");
      if (test.tick_) std::exchange(test.tick_, nullptr)();
      return std::exchange(test.end_, StepEnd::kDone);
    }
    ImmediateQueueTest& test;
  };

  void RunQueued() { queue_.RunQueued(Steps{*this}); }
  Callback Note(const char* what, StepEnd end = StepEnd::kDone) {
    return [this, what, end] {
      trace_.emplace_back(what);
      end_ = end;
    };
  }
  uint64_t refs() const { return refs_.count(RefKind::kImmediate); }

  RefCounts refs_;
  ImmediateQueue queue_{refs_};
  Trace trace_;
  // Runs in the next drain.
  std::function<void()> tick_;
  StepEnd end_ = StepEnd::kDone;
};

TEST_F(ImmediateQueueTest, ImmediatesRunInOrderWithADrainAfterEach) {
  queue_.Push(Note("a"));
  queue_.Push(Note("b"));
  EXPECT_EQ(queue_.size(), 2u);
  RunQueued();
  EXPECT_EQ(trace_, (Trace{"a", "drain", "b", "drain"}));
  EXPECT_TRUE(queue_.empty());
}

TEST_F(ImmediateQueueTest, WhatIsQueuedMeanwhileWaits) {
  queue_.Push([this] {
    trace_.emplace_back("outer");
    queue_.Push(Note("inner"));
  });
  RunQueued();
  EXPECT_EQ(trace_, (Trace{"outer", "drain"}));
  EXPECT_EQ(queue_.size(), 1u);
  RunQueued();
  EXPECT_EQ(trace_, (Trace{"outer", "drain", "inner", "drain"}));
}

TEST_F(ImmediateQueueTest, EachIsARefUntilItRunsOrIsClearedOrUnrefed) {
  Immediate first = queue_.Push([this] { EXPECT_EQ(refs(), 1u); });
  Immediate second = queue_.Push([] {});
  Immediate third = queue_.Push([] {});
  Immediate fourth = queue_.Push([] {});
  EXPECT_EQ(refs(), 4u);
  third.Clear();
  third.Clear();
  fourth.SetRef(false);
  fourth.SetRef(false);
  EXPECT_EQ(refs(), 2u);
  EXPECT_TRUE(first.has_ref() && second.has_ref());
  EXPECT_FALSE(third.has_ref() || fourth.has_ref());
  third.SetRef(true);
  EXPECT_EQ(refs(), 2u) << "a cleared immediate became a ref";
  RunQueued();
  EXPECT_EQ(refs(), 0u);
  EXPECT_FALSE(first.has_ref());
  first.SetRef(true);
  EXPECT_EQ(refs(), 0u) << "an immediate that has run became a ref";
  fourth.SetRef(true);
  EXPECT_EQ(refs(), 0u);
}

TEST_F(ImmediateQueueTest, AClearedOneDoesNotRunAndNothingIsDrainedForIt) {
  Immediate first = queue_.Push(Note("first"));
  queue_.Push(Note("second"));
  Immediate third = queue_.Push(Note("third"));
  first.Clear();
  third.Clear();
  RunQueued();
  EXPECT_EQ(trace_, (Trace{"second", "drain"}));
  EXPECT_TRUE(queue_.empty());
}

TEST_F(ImmediateQueueTest, ATickMayClearTheNextOne) {
  queue_.Push(Note("first"));
  Immediate second = queue_.Push(Note("second"));
  tick_ = [&] { second.Clear(); };
  RunQueued();
  EXPECT_EQ(trace_, (Trace{"first", "drain", "drain"}));
  EXPECT_TRUE(queue_.empty());
}

TEST_F(ImmediateQueueTest, ACallbackThatIsClearedIsDestroyedAtOnceAndMayScheduleThen) {
  std::shared_ptr<void> last(nullptr, [this](void*) { queue_.Push(Note("from the destructor")); });
  Immediate immediate = queue_.Push([last = std::move(last)] { FAIL(); });
  immediate.Clear();
  EXPECT_EQ(refs(), 1u);
  RunQueued();
  EXPECT_EQ(trace_, (Trace{"from the destructor", "drain"}));
}

TEST_F(ImmediateQueueTest, AfterOneThatThrowsTheRestRunsAtOnceWithoutADrain) {
  queue_.Push(Note("throws", StepEnd::kThrew));
  queue_.Push(Note("next"));
  RunQueued();
  EXPECT_EQ(trace_, (Trace{"throws", "next", "drain"}));
}

TEST_F(ImmediateQueueTest, AfterTheLastHasThrownWhatItQueuedRunsNow) {
  queue_.Push([this] {
    queue_.Push(Note("queued meanwhile"));
    Note("throws", StepEnd::kThrew)();
  });
  RunQueued();
  EXPECT_EQ(trace_, (Trace{"throws", "queued meanwhile", "drain"}));
}

TEST_F(ImmediateQueueTest, ALoopThatExitsLeavesTheRest) {
  queue_.Push(Note("exits", StepEnd::kStop));
  queue_.Push(Note("never"));
  RunQueued();
  EXPECT_EQ(trace_, Trace{"exits"});
  EXPECT_EQ(queue_.size(), 1u);
}

TEST_F(ImmediateQueueTest, OneRunsInTheContextInWhichItWasQueued) {
  class Context final : public ContextBase {};
  const Ref<ContextBase> context = MakeRef<Context>();
  {
    const ContextScope scope(context.get());
    queue_.Push([&] { EXPECT_EQ(CurrentContext(), context.get()); });
  }
  queue_.Push([] { EXPECT_EQ(CurrentContext(), nullptr); });
  RunQueued();
}

TEST_F(ImmediateQueueTest, NoImmediateDoesNothing) {
  Immediate none;
  none.Clear();
  none.SetRef(true);
  EXPECT_FALSE(none.has_ref());
}

}  // namespace
}  // namespace rota
