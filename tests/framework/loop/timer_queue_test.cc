#include "framework/loop/timer_queue.h"

#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
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

TEST_F(TimerQueueTest, TimersOfADelayBeginYoungAgainWhenTheirListHasEnded) {
  const auto first = Arm(100);
  clock_.Advance(milliseconds(100));
  EXPECT_EQ(RunExpired(), 1u);
  const auto second = Arm(100), other = Arm(200);
  EXPECT_EQ(second->list, other->list);
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

// Runs two queues side by side, one of which puts each timer into the list of its delay at once: nothing else may differ.
class YoungAndDirectTest : public testing::Test {
 protected:
  static constexpr int64_t kDelays[] = {1, 20, 99, 100, 101, 150, 1000, 70'000};

  struct Side {
    explicit Side(bool begin_young) : queue(refs, Compatibility::kRota, begin_young) {}
    TimerNode& timer(uint64_t value) const { return *timers[value % timers.size()]; }
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
      // A callback takes time, and some arm another timer, refresh one that may be their own, clear one, or throw.
      side.clock.Advance(Duration(index % 7 * 100'000));
      if (index % 3 == 0) test.Start(side, kDelays[index % std::size(kDelays)], index);
      if (index % 5 == 1) side.queue.Clear(side.timer(index * 7));
      if (index % 5 == 2 && side.ran.size() % 4 != 0) side.queue.Arm(side.timer(index + index % 3), side.clock.Now());
      return index % 11 == 0 ? StepEnd::kThrew : StepEnd::kDone;
    }
    StepEnd Drain() {
      // Of the one that is to run next, perhaps.
      const size_t next = side.ran.empty() ? 0 : side.ran.back() + 1;
      if (next % 13 == 0) side.queue.Arm(side.timer(next), side.clock.Now());
      if (next % 13 == 1) side.queue.Clear(side.timer(next));
      return StepEnd::kDone;
    }
    TimePoint Now() { return side.clock.Now(); }
    TimePoint LastNow() { return side.clock.Now(); }

    YoungAndDirectTest& test;
    Side& side;
  };

  // Timeouts and intervals, with a ref or without.
  void Start(Side& side, int64_t delay_ms, uint64_t kind) {
    // The first few repeat, so that it ends.
    side.timers.push_back(side.queue.Make([] {}, nullptr, delay_ms, kind % 5 == 0 && side.timers.size() < 40));
    side.queue.Start(*side.timers.back(), side.clock.Now());
    if (kind % 4 == 1) side.queue.SetRef(*side.timers.back(), false);
  }
  size_t IndexOf(const Side& side, const TimerNode& node) const {
    size_t index = 0;
    while (side.timers[index].get() != &node) ++index;
    return index;
  }
  // After `passed`.
  void Both(Duration passed, auto step) {
    for (Side* side : {&young_, &direct_}) {
      side->clock.Advance(passed);
      step(*side);
    }
  }
  void RunExpired(Duration passed) {
    Both(passed, [&](Side& side) { side.queue.RunExpired(side.clock.Now(), Steps{*this, side}); });
  }

  Side young_{true};
  Side direct_{false};
};

class YoungTimersSeedTest : public YoungAndDirectTest, public testing::WithParamInterface<uint64_t> {};

TEST_P(YoungTimersSeedTest, RunInTheOrderOfListsThatTheyJoinAtOnce) {
  std::mt19937_64 random(GetParam());
  for (int step = 0; step < 1500; ++step) {
    const uint64_t choice = random() % 16;
    const uint64_t value = random(), kind = random();
    if (choice < 7 || young_.timers.empty()) {
      Both(Duration(1 + value % 1000), [&](Side& side) { Start(side, kDelays[value % std::size(kDelays)], kind); });
    } else if (choice < 9) {
      Both(Duration(0), [&](Side& side) { side.queue.Clear(side.timer(value)); });
    } else if (choice < 11) {
      Both(Duration(1), [&](Side& side) { side.queue.Arm(side.timer(value), side.clock.Now()); });
    } else if (choice < 12) {
      Both(Duration(0), [&](Side& side) { side.queue.SetRef(side.timer(value), kind % 2 == 0); });
    } else {
      RunExpired(Duration(value % (choice == 15 ? 300'000'000 : 3'000'000)));
      ASSERT_EQ(young_.ran, direct_.ran) << "at step " << step;
    }
    ASSERT_EQ(young_.refs.total(), direct_.refs.total());
    for (const auto& timer : young_.timers) {
      // An interval may lie behind a younger timer that its callback has armed.
      if (timer->list == nullptr || timer->repeats) continue;
      ASSERT_LE(young_.queue.next_wake(), std::max(young_.clock.Now(), timer->due()));
    }
  }
  EXPECT_GT(young_.ran.size(), 100u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, YoungTimersSeedTest, testing::Range<uint64_t>(1, 61));

// So many that they join their lists for want of room, and keys of lists are dropped that count no more.
TEST_F(YoungAndDirectTest, ManyOfManyDelaysRunInTheOrderOfListsThatTheyJoinAtOnce) {
  std::mt19937_64 random(3);
  size_t cleared = 0;
  for (int i = 0; i < 120'000; ++i) {
    const auto delay_ms = static_cast<int64_t>(100 + random() % 20'000);
    // No callback: IndexOf() would take long.
    Both(Duration(random() % 1000), [&](Side& side) { Start(side, delay_ms, 0); });
    if (i < 40'000 && i % 4 != 0) continue;
    const size_t last = std::min(young_.timers.size(), cleared + random() % 2);
    for (; cleared < last; ++cleared) {
      Both(Duration(0), [&](Side& side) { side.queue.Clear(*side.timers[cleared]); });
    }
  }
  std::unordered_map<const TimerNode*, size_t> index;
  for (const Side* side : {&young_, &direct_}) {
    for (size_t i = 0; i < side->timers.size(); ++i) index[side->timers[i].get()] = i;
  }
  struct Noting {
    StepEnd Run(TimerNode& node, Duration) {
      ran.push_back(index.at(&node));
      return StepEnd::kDone;
    }
    StepEnd Drain() { return StepEnd::kDone; }
    TimePoint Now() { return now; }
    TimePoint LastNow() { return now; }
    const std::unordered_map<const TimerNode*, size_t>& index;
    std::vector<size_t>& ran;
    TimePoint now;
  };
  while (young_.ran.size() < young_.timers.size() - cleared) {
    Both(milliseconds(700), [&](Side& side) { side.queue.RunExpired(side.clock.Now(), Noting{index, side.ran, side.clock.Now()}); });
    ASSERT_EQ(young_.ran, direct_.ran);
  }
  EXPECT_GT(young_.ran.size(), 10'000u);
}

TEST_F(TimerQueueTest, ATimerIsTwoLinesOfTheCache) { EXPECT_LE(sizeof(TimerNode), 128u); }

}  // namespace
}  // namespace rota
