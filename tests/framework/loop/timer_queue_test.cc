#include "framework/loop/timer_queue.h"

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/loop/compatibility.h"
#include "framework/loop/refs.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::milliseconds;

class TimerQueueTest : public testing::Test {
 protected:
  struct Steps {
    StepEnd Run(TimerNode& node, Duration lateness) {
      EXPECT_GE(lateness, Duration::zero());
      test.ran_.push_back(&node);
      return StepEnd::kDone;
    }
    StepEnd Drain() { return StepEnd::kDone; }
    TimePoint Now() { return test.clock_.Now(); }
    TimePoint LastNow() { return test.clock_.Now(); }

    TimerQueueTest& test;
  };

  Ref<TimerNode> Arm(int64_t delay_ms) {
    auto node = queue_.Make([] {}, nullptr, delay_ms, false);
    queue_.Arm(*node, clock_.Now());
    return node;
  }
  size_t RunExpired() {
    const size_t before = ran_.size();
    queue_.RunExpired(clock_.Now(), Steps{*this});
    return ran_.size() - before;
  }

  ManualClock clock_;
  RefCounts refs_;
  TimerQueue queue_{refs_};
  std::vector<TimerNode*> ran_;
};

TEST_F(TimerQueueTest, RunsATimerAtItsTimeAndNotBefore) {
  const auto timer = Arm(5);
  clock_.Advance(milliseconds(5) - Duration(1));
  EXPECT_EQ(RunExpired(), 0u);
  clock_.Advance(Duration(1));
  EXPECT_EQ(RunExpired(), 1u);
  EXPECT_EQ(RunExpired(), 0u);
  EXPECT_EQ(refs_.total(), 0u);
}

TEST_F(TimerQueueTest, UnrefedTimerIsNotCountedAndRuns) {
  const auto timer = Arm(5);
  queue_.SetRef(*timer, false);
  EXPECT_EQ(refs_.total(), 0u);
  clock_.Advance(milliseconds(5));
  EXPECT_EQ(RunExpired(), 1u);
}

TEST_F(TimerQueueTest, TimersThatAreClearedLeaveNothingBehind) {
  for (int64_t delay_ms = 1; delay_ms <= 1000; ++delay_ms) {
    const auto timer = Arm(delay_ms * 1000);
    queue_.Clear(*timer);
    EXPECT_TRUE(queue_.empty());
  }
}

TEST_F(TimerQueueTest, UnrefedTimerThatIsClearedLeavesItsListUntilItWouldHaveBeenDue) {
  for (const int64_t delay_ms : {10, 1000}) {
    const auto timer = Arm(delay_ms);
    queue_.SetRef(*timer, false);
    queue_.Clear(*timer);
    EXPECT_FALSE(queue_.empty());
    clock_.Advance(milliseconds(delay_ms));
    EXPECT_EQ(RunExpired(), 0u);
    EXPECT_TRUE(queue_.empty());
  }
}

TEST_F(TimerQueueTest, NoTimerIsLostEarlyOrOutOfOrderOverRandomArmingAndClearing) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    std::map<TimerNode*, TimePoint> due;
    std::vector<Ref<TimerNode>> all;
    for (int step = 0; step < 2000; ++step) {
      const uint64_t choice = random() % 8;
      if (choice < 4) {
        all.push_back(Arm(static_cast<int64_t>(1 + random() % 40)));
        due[all.back().get()] = clock_.Now() + milliseconds(all.back()->delay_ms);
      } else if (choice < 6 && !all.empty()) {
        TimerNode* node = all[random() % all.size()].get();
        queue_.Clear(*node);
        due.erase(node);
      } else {
        clock_.Advance(Duration(random() % 6'000'000));
        ran_.clear();
        RunExpired();
        for (TimerNode* node : ran_) {
          ASSERT_EQ(due.count(node), 1u);
          ASSERT_LE(due[node], clock_.Now());
          due.erase(node);
        }
        for (const auto& [node, at] : due) ASSERT_GT(at, clock_.Now());
      }
      ASSERT_EQ(refs_.count(RefKind::kTimer), due.size());
    }
    for (const auto& node : all) queue_.Clear(*node);
    EXPECT_TRUE(queue_.empty());
  }
}

// Of so many delays that lists that have ended are swept out of the heap now and then.
TEST_F(TimerQueueTest, DelaysOfAnyLengthThatAreClearedDisturbNoOther) {
  std::mt19937_64 random(5);
  const auto kept = Arm(200'000);
  for (int i = 0; i < 200'000; ++i) {
    const auto timer = Arm(static_cast<int64_t>(1 + random() % (i % 2 == 0 ? 60'000 : 1'000'000'000)));
    queue_.Clear(*timer);
    if (i % 100 == 0) {
      clock_.Advance(milliseconds(1));
      ASSERT_EQ(RunExpired(), 0u);
    }
  }
  EXPECT_EQ(refs_.total(), 1u);
  clock_.Advance(milliseconds(200'000 - 2'000) - Duration(1));
  EXPECT_EQ(RunExpired(), 0u);
  clock_.Advance(Duration(1));
  EXPECT_EQ(RunExpired(), 1u);
  EXPECT_EQ(ran_.back(), kept.get());
  EXPECT_TRUE(queue_.empty());
}

TEST_F(TimerQueueTest, AListThatEndedAndBeganAnewIsDueByItsNewTimer) {
  const auto first = Arm(10);
  clock_.Advance(milliseconds(6));
  queue_.Clear(*first);
  const auto second = Arm(10);
  clock_.Advance(milliseconds(5));
  EXPECT_EQ(RunExpired(), 0u);
  clock_.Advance(milliseconds(5));
  EXPECT_EQ(RunExpired(), 1u);
  EXPECT_EQ(ran_.back(), second.get());
}

TEST_F(TimerQueueTest, AsksForAWakeWhenTheFirstOfItsTimersIsDueAndForNoneWithoutAny) {
  EXPECT_EQ(queue_.next_wake(), kNoDeadline);
  const auto timer = Arm(100), later = Arm(200);
  EXPECT_EQ(queue_.next_wake(), clock_.Now() + milliseconds(100));
  clock_.Advance(milliseconds(100));
  EXPECT_EQ(RunExpired(), 1u);
  EXPECT_EQ(queue_.next_wake(), clock_.Now() + milliseconds(100));
  clock_.Advance(milliseconds(100));
  EXPECT_EQ(RunExpired(), 1u);
  EXPECT_EQ(queue_.next_wake(), kNoDeadline);
}

// As Node's one timer of the operating system goes off for it.
TEST_F(TimerQueueTest, AClearedTimerAsksForItsWakeUntilTimersRunAgain) {
  const TimePoint due = clock_.Now() + milliseconds(100);
  queue_.Clear(*Arm(100));
  EXPECT_EQ(queue_.next_wake(), due);
  EXPECT_EQ(RunExpired(), 0u);
  EXPECT_EQ(queue_.next_wake(), kNoDeadline);
}

TEST_F(TimerQueueTest, ATimerThatRunsFindsThoseOfItsDelayBehindIt) {
  const auto first = Arm(200);
  clock_.Advance(milliseconds(150));
  const auto second = Arm(200);
  clock_.Advance(milliseconds(50));
  EXPECT_EQ(RunExpired(), 1u);
  EXPECT_EQ(queue_.next_wake(), clock_.Now() + milliseconds(150));
  clock_.Advance(milliseconds(150));
  EXPECT_EQ(RunExpired(), 1u);
  EXPECT_EQ(ran_, (std::vector<TimerNode*>{first.get(), second.get()}));
}

TEST_F(TimerQueueTest, ManyTimersOfTwoDelaysRunInTheirOrder) {
  std::vector<Ref<TimerNode>> timers;
  for (int i = 0; i < 40'000; ++i) {
    clock_.Advance(Duration(1));
    timers.push_back(Arm(100 + i % 2));
  }
  clock_.Advance(milliseconds(101));
  ASSERT_EQ(RunExpired(), timers.size());
  for (size_t i = 0; i < ran_.size(); ++i) {
    ASSERT_EQ(ran_[i], timers[i < 20'000 ? 2 * i : 2 * (i - 20'000) + 1].get());
  }
}

TEST_F(TimerQueueTest, TimersThatAreArmedAreDestroyedWithTheQueue) {
  const auto held = std::make_shared<int>(0);
  {
    RefCounts refs;
    TimerQueue queue(refs);
    for (int64_t delay_ms : {10, 1000, 2000}) queue.Start(*queue.Make([held] {}, nullptr, delay_ms, false), clock_.Now());
    EXPECT_EQ(held.use_count(), 4);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(TimerQueueTest, ATimerThatIsArmedByTheEndOfAnotherIsDestroyedWithTheQueue) {
  const auto held = std::make_shared<int>(0);
  {
    RefCounts refs;
    TimerQueue queue(refs);
    for (int64_t delay_ms : {10, 1000}) {
      // Runs when its callback, which holds it, is destroyed.
      const std::shared_ptr<void> at_end(nullptr, [&queue, held, delay_ms, this](void*) {
        queue.Start(*queue.Make([held] {}, nullptr, delay_ms, false), clock_.Now());
      });
      queue.Start(*queue.Make([at_end] {}, nullptr, delay_ms, false), clock_.Now());
    }
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(TimerQueueTest, ATimerThatItsCallbackHoldsIsDestroyedWithTheQueue) {
  const auto held = std::make_shared<int>(0);
  {
    RefCounts refs;
    TimerQueue queue(refs);
    for (int64_t delay_ms : {10, 1000}) {
      const auto self = std::make_shared<Ref<TimerNode>>();
      *self = queue.Make([self, held] {}, nullptr, delay_ms, true);
      queue.Start(**self, clock_.Now());
    }
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(TimerQueueTest, ATimerIsTwoLinesOfTheCache) { EXPECT_LE(sizeof(TimerNode), 128u); }

}  // namespace
}  // namespace rota
