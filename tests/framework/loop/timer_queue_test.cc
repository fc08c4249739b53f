#include "framework/loop/timer_queue.h"

#include <iterator>
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

// As deadlines of calls are, which end long before and whose lengths peers choose.
TEST_F(TimerQueueTest, UnrefedTimersThatAreClearedLeaveNothingBehind) {
  for (int64_t delay_ms = 1; delay_ms <= 1000; ++delay_ms) {
    const auto timer = Arm(delay_ms * 1000);
    queue_.SetRef(*timer, false);
    queue_.Clear(*timer);
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

// Deadlines that are always cancelled: of so many delays that lists that have ended are swept out of the heap now and then.
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

TEST_F(TimerQueueTest, ATimerThatBeginsYoungIsDueAtItsTimeAndNotBefore) {
  const auto timer = Arm(100);
  EXPECT_EQ(queue_.next_wake(), clock_.Now() + milliseconds(100));
  clock_.Advance(milliseconds(100) - Duration(1));
  EXPECT_EQ(RunExpired(), 0u);
  EXPECT_EQ(queue_.next_wake(), clock_.Now() + Duration(1));
  clock_.Advance(Duration(1));
  EXPECT_EQ(RunExpired(), 1u);
  EXPECT_EQ(queue_.next_wake(), kNoDeadline);
}

TEST_F(TimerQueueTest, DeadlinesThatAreAllClearedAskForNoWake) {
  std::vector<Ref<TimerNode>> timers;
  for (int64_t delay_ms = 1000; delay_ms < 1100; ++delay_ms) timers.push_back(Arm(delay_ms));
  EXPECT_EQ(queue_.next_wake(), clock_.Now() + milliseconds(1000));
  for (const auto& timer : timers) queue_.Clear(*timer);
  EXPECT_EQ(queue_.next_wake(), kNoDeadline);
  EXPECT_TRUE(queue_.empty());
}

TEST_F(TimerQueueTest, ALongTimerThatRunsFindsThoseOfItsDelayBehindIt) {
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

TEST_F(TimerQueueTest, ManyDeadlinesRunInTheirOrder) {
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

TEST_F(TimerQueueTest, TimersThatAreStillYoungAreDestroyedWithTheQueue) {
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

// Runs two queues side by side, one of which puts each timer into the list of its delay at once.
class YoungTimersTest : public testing::Test {
 protected:
  static constexpr int64_t kDelays[] = {1, 20, 99, 100, 101, 150, 1000, 70'000};

  struct Side {
    explicit Side(Compatibility compatibility) : queue(refs, compatibility) {}
    ManualClock clock;
    RefCounts refs;
    TimerQueue queue;
    std::vector<Ref<TimerNode>> timers;
    std::vector<size_t> ran;
  };
  struct Steps {
    StepEnd Run(TimerNode& node, Duration) {
      const size_t index = test.IndexOf(side, node);
      side.ran.push_back(index);
      // A callback takes time, and some arm another timer, begin their own delay anew, or throw.
      side.clock.Advance(Duration(index % 7 * 100'000));
      if (index % 3 == 0) test.Start(side, kDelays[index % std::size(kDelays)], index % 5 == 0);
      return index % 11 == 0 ? StepEnd::kThrew : StepEnd::kDone;
    }
    StepEnd Drain() { return StepEnd::kDone; }
    TimePoint Now() { return side.clock.Now(); }
    TimePoint LastNow() { return side.clock.Now(); }

    YoungTimersTest& test;
    Side& side;
  };

  void Start(Side& side, int64_t delay_ms, bool repeats) {
    // The first few repeat, so that it ends.
    side.timers.push_back(side.queue.Make([] {}, nullptr, delay_ms, repeats && side.timers.size() < 40));
    side.queue.Start(*side.timers.back(), side.clock.Now());
  }
  size_t IndexOf(const Side& side, const TimerNode& node) const {
    size_t index = 0;
    while (side.timers[index].get() != &node) ++index;
    return index;
  }
  // The first of its delay that is armed: in Node the list keeps the expiry of one that is cleared or refreshed.
  bool IsOldest(const Side& side, const TimerNode& node) const {
    for (const auto& other : side.timers) {
      if (other->list != nullptr && other->delay_ms == node.delay_ms && other->start < node.start) return false;
    }
    return true;
  }
  // After `passed`.
  void Both(Duration passed, auto step) {
    for (Side* side : {&rota_, &direct_}) {
      side->clock.Advance(passed);
      step(*side);
    }
  }

  Side rota_{Compatibility::kRota};
  Side direct_{Compatibility::kNode};
};

class YoungTimersSeedTest : public YoungTimersTest, public testing::WithParamInterface<uint64_t> {};

TEST_P(YoungTimersSeedTest, RunInTheOrderOfListsThatTheyJoinAtOnce) {
  std::mt19937_64 random(GetParam());
  for (int step = 0; step < 1500; ++step) {
    const uint64_t choice = random() % 16;
    const uint64_t value = random();
    if (choice < 7) {
      Both(Duration(1 + value % 1000), [&](Side& side) { Start(side, kDelays[value % std::size(kDelays)], value % 9 == 0); });
    } else if (choice < 11 && !rota_.timers.empty()) {
      const size_t index = value % rota_.timers.size();
      if (IsOldest(direct_, *direct_.timers[index])) continue;
      if (choice < 9) {
        Both(Duration(0), [&](Side& side) { side.queue.Clear(*side.timers[index]); });
      } else {
        Both(Duration(1), [&](Side& side) { side.queue.Arm(*side.timers[index], side.clock.Now()); });
      }
    } else {
      const Duration passed(value % (choice == 15 ? 300'000'000 : 3'000'000));
      Both(passed, [&](Side& side) { side.queue.RunExpired(side.clock.Now(), Steps{*this, side}); });
      ASSERT_EQ(rota_.ran, direct_.ran) << "at step " << step;
    }
    ASSERT_EQ(rota_.refs.total(), direct_.refs.total());
    for (const auto& timer : rota_.timers) {
      // An interval may lie behind a younger timer that its callback has armed.
      if (timer->list == nullptr || timer->repeats) continue;
      ASSERT_LE(rota_.queue.next_wake(), std::max(rota_.clock.Now(), timer->start + milliseconds(timer->delay_ms)));
    }
  }
  EXPECT_GT(rota_.ran.size(), 100u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, YoungTimersSeedTest, testing::Range<uint64_t>(1, 41));

TEST_F(TimerQueueTest, ATimerIsTwoLinesOfTheCache) { EXPECT_LE(sizeof(TimerNode), 128u); }

}  // namespace
}  // namespace rota
