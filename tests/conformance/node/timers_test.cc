// Statements 9 to 14: timers. The table in docs/phases.md tells which test is whose.

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/node/loop_case.h"

namespace rota {
namespace {

class TimersTest : public BothWays {};
ROTA_BOTH_WAYS(TimersTest);

class TimersNodesWayTest : public NodesWay {};
class TimersRotasWayTest : public RotasWay {};

// ---- Statement 9: lists by duration.

TEST_P(TimersTest, Rule9ListsOfOneDurationRunTogether) {
  loop_.SetImmediate([this] {
    loop_.SetTimeout(milliseconds(29), Note("X29"));
    loop_.SetTimeout(milliseconds(15), Note("X15"));
    Block(milliseconds(33));
  });
  loop_.SetImmediate([this] {
    loop_.SetTimeout(milliseconds(15), Note("Y15"));
    Block(milliseconds(33));
  });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"X15", "Y15", "X29"}));
}

TEST_P(TimersTest, Rule9ListThatIsPutOffCountsAsNewer) {
  // Both lists expire at 30: that of 20 first ran at 20 and was put off then, that of 30 is older.
  loop_.SetTimeout(milliseconds(20), Note("20 a"));
  loop_.SetTimeout(milliseconds(10), [this] { loop_.SetTimeout(milliseconds(20), Note("20 b")); });
  loop_.SetTimeout(milliseconds(30), Note("30"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"20 a", "30", "20 b"}));
}

// test-timers-ordering
TEST_P(TimersTest, Rule9TimersOfOneDurationRunInTheOrderInWhichTheyWereArmed) {
  for (int i = 0; i < 30; ++i) loop_.SetTimeout(milliseconds(1), Note(std::to_string(i)));
  loop_.Run();
  ASSERT_EQ(trace_.size(), 30u);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(trace_[static_cast<size_t>(i)], std::to_string(i));
}

// test-timers-same-timeout-wrong-list-deleted
TEST_P(TimersTest, Rule9ClearingTheLastTimerOfARunningListDoesNotTakeTheNewListWithIt) {
  Timer second;
  loop_.SetTimeout(milliseconds(10), [&] {
    // Ends the list that runs; the next timer of 10 ms makes a list of its own.
    second.Clear();
    loop_.SetTimeout(milliseconds(10), Note("new list"));
  });
  second = loop_.SetTimeout(milliseconds(10), Note("cleared"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"new list"}));
  EXPECT_EQ(ElapsedMs(), 20);
}

TEST_P(TimersTest, Rule9ListThatBeginsWhenItsPredecessorIsToRunKeepsItsAge) {
  Timer cleared;
  loop_.SetTimeout(milliseconds(10), [&] {
    // Before the list of 9 ms runs, which is due, too.
    loop_.NextTick([&] {
      cleared.Clear();
      loop_.SetTimeout(milliseconds(9), Note("older list"));
      Block(milliseconds(1));
      loop_.SetTimeout(milliseconds(8), Note("younger list"));
    });
  });
  Block(milliseconds(1));
  cleared = loop_.SetTimeout(milliseconds(9), Note("cleared"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"older list", "younger list"}));
}

// test-timers-linked-list
TEST_P(TimersTest, Rule9TimerIsTakenOutOfTheMiddleOfItsList) {
  std::vector<Timer> timers;
  for (const char* name : {"a", "b", "c", "d"}) timers.push_back(loop_.SetTimeout(milliseconds(5), Note(name)));
  timers[1].Clear();
  timers[1].Clear();
  timers[0].Refresh();
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"c", "d", "a"}));
}

// test-timers-timeout-to-interval: a timer that keeps itself alive is an interval.
TEST_P(TimersTest, Rule9TimerThatArmsItselfAnewRunsOnceAPeriod) {
  std::vector<int64_t> at;
  Timer timer;
  timer = loop_.SetTimeout(milliseconds(3), [&] {
    at.push_back(ElapsedMs());
    if (at.size() < 3) timer.Refresh();
  });
  loop_.Run();
  EXPECT_EQ(at, (std::vector<int64_t>{3, 6, 9}));
}

TEST_P(TimersTest, Rule9UnrefedTimerThatIsClearedLeavesTheAgeOfItsList) {
  Timer dropped = loop_.SetTimeout(milliseconds(20), Note("dropped"));
  dropped.SetRef(false);
  loop_.SetTimeout(milliseconds(25), Note("25"));
  dropped.Clear();
  Block(milliseconds(5));
  // Goes into the list that is there and expires at 20; looked at there, it is put off to 25 and counts as newer.
  loop_.SetTimeout(milliseconds(20), Note("20"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"25", "20"}));
}

TEST_P(TimersTest, Rule9UnrefedTimerThatIsClearedLeavesTheExpiryOfItsList) {
  Timer dropped = loop_.SetTimeout(milliseconds(20), Note("dropped"));
  dropped.SetRef(false);
  dropped.Clear();
  Block(milliseconds(5));
  loop_.SetTimeout(milliseconds(20), Note("20"));
  Block(milliseconds(10));
  loop_.SetTimeout(milliseconds(10), Note("10"));
  loop_.Run();
  // Both are due at 25. The list of 20 was looked at when the dropped one would have been due, and has counted as newer since.
  EXPECT_EQ(trace_, (Trace{"10", "20"}));
}

TEST_P(TimersTest, Rule9TimerThatIsClearedLeavesTheExpiryOfItsListToTheNext) {
  Timer dropped = loop_.SetTimeout(milliseconds(100), Note("dropped"));
  Block(milliseconds(5));
  loop_.SetTimeout(milliseconds(100), Note("100"));
  dropped.Clear();
  Block(milliseconds(10));
  loop_.SetTimeout(milliseconds(90), Note("90"));
  loop_.Run();
  // Both are due at 105. The list of 100 was looked at when the dropped one would have been due, and has counted as newer since.
  EXPECT_EQ(trace_, (Trace{"90", "100"}));
}

TEST_P(TimersTest, Rule9TimerThatIsClearedMakesTheNextRunEarlyInAPhaseThatIsLate) {
  Timer dropped = loop_.SetTimeout(milliseconds(100), Note("dropped"));
  Block(milliseconds(5));
  loop_.SetTimeout(milliseconds(100), Note("100"));
  dropped.Clear();
  loop_.SetTimeout(milliseconds(97), Note("97"));
  Block(milliseconds(110));
  loop_.Run();
  // Due at 105 and at 102; but their lists expire at 100 and at 102.
  EXPECT_EQ(trace_, (Trace{"100", "97"}));
}

TEST_P(TimersTest, Rule9TimerThatIsClearedAloneLeavesNothing) {
  for (const int64_t delay_ms : {20, 100}) {
    trace_.clear();
    loop_.SetTimeout(milliseconds(delay_ms), Note("dropped")).Clear();
    Block(milliseconds(5));
    loop_.SetTimeout(milliseconds(delay_ms), Note("first"));
    Block(milliseconds(10));
    loop_.SetTimeout(milliseconds(delay_ms - 10), Note("second"));
    loop_.Run();
    EXPECT_EQ(trace_, (Trace{"first", "second"})) << delay_ms;
  }
}

// An iteration in which nothing is due can be seen by an unref'd immediate only, which runs in it.
class WakesTest : public BothWays {
 protected:
  void QueueUnrefedImmediate() {
    loop_.SetImmediate([this] { loop_.SetTimeout(milliseconds(150), Note("150 after the immediate")); }).SetRef(false);
  }
};
ROTA_BOTH_WAYS(WakesTest);

TEST_P(WakesTest, Rule9TimerThatIsClearedAtOnceStillWakesPollUp) {
  loop_.SetTimeout(milliseconds(200), Note("cleared")).Clear();
  loop_.SetTimeout(milliseconds(500), Note("500"));
  QueueUnrefedImmediate();
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"150 after the immediate", "500"}));
}

TEST_P(WakesTest, Rule9TimersPhaseForgetsATimerThatWasClearedBefore) {
  Timer cleared = loop_.SetTimeout(milliseconds(200), Note("cleared"));
  loop_.SetTimeout(milliseconds(500), Note("500"));
  cleared.Clear();
  loop_.SetTimeout(milliseconds(10), [this] { QueueUnrefedImmediate(); });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"500", "150 after the immediate"}));
}

// ---- Statement 10: a fresh start, one reading a phase.

// test-timers-now
TEST_P(TimersTest, Rule10TimerCountsFromWhenItIsArmedNotFromTheBeginOfTheCallback) {
  int64_t fired = 0;
  loop_.SetImmediate([&] {
    Block(milliseconds(50));
    loop_.SetTimeout(milliseconds(10), [&] { fired = ElapsedMs(); });
  });
  loop_.Run();
  EXPECT_EQ(fired, 60);
}

// test-timers-nested
TEST_P(TimersTest, Rule10TimerArmedInThePhaseWaitsForTheNextOne) {
  loop_.SetTimeout(milliseconds(1), [this] {
    Add("outer");
    loop_.SetTimeout(milliseconds(1), Note("inner"));
    loop_.SetImmediate(Note("immediate"));
    Block(milliseconds(5));
  });
  loop_.SetTimeout(milliseconds(1), Note("second"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"outer", "second", "immediate", "inner"}));
}

// test-timers-block-eventloop (sequential)
TEST_P(TimersTest, Rule10IntervalsThatBlockDoNotKeepImmediatesWaiting) {
  int runs = 0;
  Timer first, second;
  first = loop_.SetInterval(milliseconds(1), [&] { Block(milliseconds(100)); if (++runs == 4) first.Clear(); });
  second = loop_.SetInterval(milliseconds(1), [&] { Block(milliseconds(100)); if (runs >= 4) second.Clear(); });
  loop_.SetImmediate(Note("immediate"));
  loop_.SetTimeout(milliseconds(1), [&] { EXPECT_LE(runs, 1); });
  EXPECT_TRUE(loop_.RunOnce());
  EXPECT_EQ(trace_, (Trace{"immediate"}));
  loop_.Run();
  EXPECT_GE(runs, 4);
}

// The timers phase of Node goes on while its last drain lets time pass and arms timers; there a post waits for ever.
void TickTheClock(EventLoop& loop, const std::function<void()>& block, int& left) {
  if (--left <= 0) return;
  loop.NextTick([&] {
    loop.SetTimeout(milliseconds(1), [&] { TickTheClock(loop, block, left); });
    block();
    loop.SetTimeout(std::chrono::hours(1), [] {}).SetRef(false);
  });
}

TEST_F(TimersRotasWayTest, NoLivelockWhileTicksLetTimePassAndArmTimers) {
  int left = 1000;
  const std::function<void()> block = [this] { Block(milliseconds(5)); };
  loop_.SetTimeout(milliseconds(1), [&] { TickTheClock(loop_, block, left); });
  loop_.Post([&] { Add("posted before " + std::to_string(left)); });
  loop_.SetImmediate([&] { left = 0; });
  Block(milliseconds(5));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"posted before 999"}));
}

TEST_F(TimersNodesWayTest, Rule10PhaseGoesOnWhileItsLastDrainLetsTimePassAndArmsTimers) {
  int left = 1000;
  const std::function<void()> block = [this] { Block(milliseconds(5)); };
  loop_.SetTimeout(milliseconds(1), [&] { TickTheClock(loop_, block, left); });
  loop_.Post([&] { Add("posted before " + std::to_string(left)); });
  Block(milliseconds(5));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"posted before 0"}));
}

// ---- Statement 11: delays.

// test-timers-zero-timeout
TEST_P(TimersTest, Rule11DelaysBelowOneMillisecondAreOne) {
  for (const Duration delay : {Duration(0), Duration(-5'000'000), Duration(1), Duration(999'999)}) {
    const TimePoint start = clock_.Now();
    loop_.SetTimeout(delay, Note("ran"));
    loop_.Run();
    EXPECT_EQ(clock_.Now() - start, milliseconds(1)) << delay.count();
  }
  EXPECT_EQ(trace_.size(), 4u);
}

// test-timers-non-integer-delay
TEST_F(TimersNodesWayTest, Rule11FractionsOfAMillisecondAreCut) {
  std::vector<int64_t> at;
  Timer interval;
  interval = loop_.SetInterval(microseconds(1900), [&] {
    at.push_back(ElapsedMs());
    if (at.size() == 3) interval.Clear();
  });
  loop_.Run();
  EXPECT_EQ(at, (std::vector<int64_t>{1, 2, 3}));
}

TEST_F(TimersRotasWayTest, NeverEarlyFractionsOfAMillisecondAreRoundedUp) {
  loop_.SetTimeout(microseconds(1100), Note("ran"));
  loop_.Run();
  EXPECT_EQ(clock_.Now() - begin_, milliseconds(2));
}

TEST_F(TimersRotasWayTest, NeverEarlyTimeIsCountedInNanoseconds) {
  Block(microseconds(900));
  loop_.SetTimeout(milliseconds(1), Note("ran"));
  loop_.Run();
  EXPECT_EQ(clock_.Now() - begin_, microseconds(1900));
}

TEST_F(TimersNodesWayTest, Rule11TimerMayBeEarlyByLessThanAMillisecond) {
  Block(microseconds(900));
  loop_.SetTimeout(milliseconds(1), Note("ran"));
  loop_.Run();
  EXPECT_EQ(clock_.Now() - begin_, milliseconds(1));
}

// test-timers-max-duration-warning
TEST_F(TimersNodesWayTest, Rule11DelaysFrom2To31OnAreOneMillisecond) {
  loop_.SetTimeout(milliseconds(2147483648), [this] { EXPECT_EQ(ElapsedMs(), 1); Add("too long"); });
  loop_.SetTimeout(milliseconds(2147483647), Note("longest"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"too long", "longest"}));
  EXPECT_EQ(ElapsedMs(), 2147483647);
}

// ---- Statement 12: intervals.

// test-timers-set-interval-excludes-callback-duration (sequential)
TEST_P(TimersTest, Rule12IntervalIsArmedFromJustBeforeItsCallback) {
  for (const auto& [work, expected] : {std::pair{15, std::vector<int64_t>{20, 40, 60}}, {35, {20, 55, 90}}}) {
    const int64_t start = ElapsedMs();
    std::vector<int64_t> at;
    Timer interval;
    interval = loop_.SetInterval(milliseconds(20), [&, work = work] {
      at.push_back(ElapsedMs() - start);
      Block(milliseconds(work));
      if (at.size() == 3) interval.Clear();
    });
    loop_.Run();
    EXPECT_EQ(at, expected);
  }
}

// test-timers
TEST_P(TimersTest, Rule12IntervalRunsUntilItIsCleared) {
  int timeouts = 0, intervals = 0;
  Timer interval;
  loop_.SetTimeout(milliseconds(10), [&] { ++timeouts; });
  interval = loop_.SetInterval(milliseconds(10), [&] { if (++intervals == 5) interval.Clear(); });
  Timer never = loop_.SetTimeout(milliseconds(10), Note("never"));
  never.Clear();
  loop_.Run();
  EXPECT_EQ(timeouts, 1);
  EXPECT_EQ(intervals, 5);
  EXPECT_TRUE(trace_.empty());
}

TEST_P(TimersTest, Rule12RefreshInsideOfAnIntervalDoesNotPutItOff) {
  std::vector<int64_t> at;
  Timer interval;
  interval = loop_.SetInterval(milliseconds(10), [&] {
    at.push_back(ElapsedMs());
    Block(milliseconds(5));
    interval.Refresh();
    if (at.size() == 3) interval.Clear();
  });
  loop_.Run();
  EXPECT_EQ(at, (std::vector<int64_t>{10, 20, 30}));
}

// ---- Statement 13: clear and refresh.

TEST_P(TimersTest, Rule13DueTimerThatAnEarlierOneClearsDoesNotRun) {
  Timer second, third;
  loop_.SetTimeout(milliseconds(1), [&] {
    second.Clear();
    loop_.NextTick([&] { third.Clear(); });
  });
  second = loop_.SetTimeout(milliseconds(1), Note("second"));
  third = loop_.SetTimeout(milliseconds(1), Note("third"));
  loop_.SetTimeout(milliseconds(1), Note("fourth"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"fourth"}));
}

// test-timers-refresh
TEST_P(TimersTest, Rule13RefreshMovesToTheTailKeepsTheRefAndRevives) {
  Timer first = loop_.SetTimeout(milliseconds(1), Note("first"));
  loop_.SetTimeout(milliseconds(1), Note("second"));
  Timer unrefed = loop_.SetTimeout(milliseconds(1), Note("unref'd"));
  unrefed.SetRef(false);
  unrefed.Refresh();
  EXPECT_FALSE(unrefed.has_ref());
  EXPECT_EQ(loop_.refs().count(RefKind::kTimer), 2u);
  first.Refresh();
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"second", "unref'd", "first"}));
  first.Refresh();
  EXPECT_EQ(loop_.refs().count(RefKind::kTimer), 1u);
  loop_.Run();
  EXPECT_EQ(trace_.back(), "first");
  EXPECT_EQ(trace_.size(), 4u);
}

TEST_P(TimersTest, Rule13RefreshDoesNothingOnAClearedTimer) {
  Timer timer = loop_.SetTimeout(milliseconds(1), Note("never"));
  timer.Clear();
  timer.Refresh();
  EXPECT_FALSE(loop_.alive());
  loop_.Run();
  EXPECT_TRUE(trace_.empty());
}

// test-timers-refresh-in-callback
TEST_P(TimersTest, Rule13RefreshInItsOwnCallbackArmsTheTimerAgain) {
  int runs = 0;
  Timer timer;
  timer = loop_.SetTimeout(milliseconds(1), [&] {
    ++runs;
    timer.Refresh();
    timer.Refresh();
    timer.Refresh();
    if (runs == 2) timer.Clear();
  });
  loop_.Run();
  EXPECT_EQ(runs, 2);
}

TEST_P(TimersTest, Rule13DueTimerThatATickRefreshesJustBeforeItsTurnRunsNow) {
  Timer second;
  loop_.SetTimeout(milliseconds(1), [&] { loop_.NextTick([&] { second.Refresh(); }); });
  second = loop_.SetTimeout(milliseconds(1), Note("second"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"second"}));
  EXPECT_EQ(ElapsedMs(), 1);
}

TEST_P(TimersTest, Rule13ContextOfARefreshedTimerIsTheCreatorsUntilItHasFired) {
  const auto a = MakeRef<Store>("A"), b = MakeRef<Store>("B");
  Timer timer;
  {
    const ContextScope scope(a.get());
    timer = loop_.SetTimeout(milliseconds(1), [this] { Add(CurrentStore()); });
  }
  {
    const ContextScope scope(b.get());
    timer.Refresh();
  }
  loop_.Run();
  {
    const ContextScope scope(b.get());
    timer.Refresh();
  }
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"A", "B"}));
}

// libuv test-timer-again
TEST_P(TimersTest, Rule13RefreshedTimerDoesNotFireBeforeItsNewTime) {
  std::vector<int64_t> at;
  Timer timer = loop_.SetTimeout(milliseconds(50), [&] { at.push_back(ElapsedMs()); });
  Timer again;
  int left = 5;
  again = loop_.SetInterval(milliseconds(20), [&] {
    timer.Refresh();
    if (--left == 0) again.Clear();
  });
  loop_.Run();
  EXPECT_EQ(at, (std::vector<int64_t>{150}));
}

// ---- Statement 14: hasRef.

TEST_P(TimersTest, Rule14RefOfATimerStaysAsSetAfterItHasFired) {
  Timer timer = loop_.SetTimeout(milliseconds(1), [] {});
  Timer unrefed = loop_.SetTimeout(milliseconds(1), [] {});
  unrefed.SetRef(false);
  loop_.Run();
  EXPECT_TRUE(timer.has_ref());
  EXPECT_FALSE(unrefed.has_ref());
  unrefed.SetRef(true);
  EXPECT_TRUE(unrefed.has_ref());
  EXPECT_FALSE(loop_.alive());
}

// test-timers-unref
TEST_P(TimersTest, Rule14UnrefAndRefAreCountedOnce) {
  Timer timer = loop_.SetTimeout(seconds(1), Note("ran"));
  for (const bool has_ref : {false, false, true, true, false}) {
    timer.SetRef(has_ref);
    EXPECT_EQ(timer.has_ref(), has_ref);
    EXPECT_EQ(loop_.alive(), has_ref);
  }
  loop_.Run();
  EXPECT_TRUE(trace_.empty());
  timer.SetRef(true);
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"ran"}));
}

// test-timers-unrefed-in-callback
TEST_P(TimersTest, Rule14IntervalThatIsUnrefedInItsCallbackEndsTheLoop) {
  int runs = 0;
  Timer interval;
  interval = loop_.SetInterval(milliseconds(1), [&] { ++runs; interval.SetRef(false); });
  loop_.Run();
  EXPECT_EQ(runs, 1);
}

// test-timers-unrefd-interval-still-fires
TEST_P(TimersTest, Rule14UnrefedIntervalRunsWhileSomethingElseKeepsTheLoopAlive) {
  int runs = 0;
  loop_.SetInterval(milliseconds(1), [&] { ++runs; }).SetRef(false);
  loop_.SetTimeout(milliseconds(5), Note("keeps alive"));
  loop_.Run();
  EXPECT_GE(runs, 4);
  EXPECT_LE(runs, 5);
}

// test-timers-unrefed-in-beforeexit
TEST_P(TimersTest, Rule14TimerThatIsUnrefedInBeforeExitDoesNotBringTheLoopBack) {
  int offers = 0;
  loop_.OnBeforeExit([&] {
    ++offers;
    loop_.SetTimeout(milliseconds(1), Note("never")).SetRef(false);
  });
  loop_.Run();
  EXPECT_EQ(offers, 1);
  EXPECT_TRUE(trace_.empty());
}

// test-timers-unref-throw-then-ref
TEST_P(TimersTest, Rule14UnrefedTimerThatThrowsCanBeRefedByTheHandler) {
  Timer timer;
  loop_.SetUncaughtHandler([&](std::exception_ptr) {
    Add("handler");
    timer.SetRef(true);
  });
  timer = loop_.SetTimeout(milliseconds(50), [] { throw std::runtime_error("timeout"); });
  timer.SetRef(false);
  loop_.SetTimeout(milliseconds(60), Note("other"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"handler", "other"}));
  EXPECT_EQ(loop_.refs().count(RefKind::kTimer), 0u);
}

// libuv test-timer
TEST_P(TimersTest, Rule14OnlyTimersThatAreNotClearedFire) {
  int fired = 0;
  std::vector<Timer> timers;
  for (int i = 0; i < 10; ++i) timers.push_back(loop_.SetTimeout(milliseconds(i * 5 + 1), [&] { ++fired; }));
  Timer huge = loop_.SetTimeout(std::chrono::hours(24), Note("never"));
  huge.Clear();
  for (int i = 0; i < 10; i += 2) timers[static_cast<size_t>(i)].Clear();
  loop_.Run();
  EXPECT_EQ(fired, 5);
  EXPECT_EQ(ElapsedMs(), 46);
}

// libuv test-active
TEST_P(TimersTest, Rule14TimerIsArmedFromStartToClear) {
  Timer timer = loop_.SetTimeout(seconds(1), [] {});
  EXPECT_TRUE(timer.is_armed());
  timer.Clear();
  EXPECT_FALSE(timer.is_armed());
  EXPECT_FALSE(loop_.alive());
}

// libuv test-timer-from-check
TEST_P(TimersTest, Rule14TimerOfACheckCallbackRunsInTheSameIteration) {
  loop_.SetImmediate([this] {
    Add("check");
    loop_.SetTimeout(milliseconds(1), Note("timer"));
    Block(milliseconds(2));
  });
  loop_.RunOnce();
  EXPECT_EQ(trace_, (Trace{"check", "timer"}));
}

}  // namespace
}  // namespace rota
