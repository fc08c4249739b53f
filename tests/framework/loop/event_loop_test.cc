#include "framework/loop/event_loop.h"

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "framework/base/clock.h"
#include "framework/loop/context_slot.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using Trace = std::vector<std::string>;

class EventLoopTest : public testing::Test {
 protected:
  Callback Note(std::string text) {
    return [this, text = std::move(text)] { trace_.push_back(text); };
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  Trace trace_;
};

TEST_F(EventLoopTest, EndsAtOnceWithoutARef) { EXPECT_EQ(loop_.Run(), 0); }

TEST_F(EventLoopTest, TicksRunBeforeMicrotasksAndBothBeforeTheNextCallback) {
  loop_.SetImmediate([this] {
    trace_.push_back("first immediate");
    loop_.QueueMicrotask(Note("microtask"));
    loop_.NextTick([this] {
      trace_.push_back("tick");
      loop_.NextTick(Note("tick of the tick"));
    });
  });
  loop_.SetImmediate(Note("second immediate"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"first immediate", "tick", "tick of the tick", "microtask", "second immediate"}));
}

TEST_F(EventLoopTest, AnHourOfTimersTakesNoTimeUnderTheManualClock) {
  const TimePoint start = clock_.Now();
  loop_.SetTimeout(hours(1), Note("an hour"));
  loop_.SetTimeout(milliseconds(1), Note("a moment"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"a moment", "an hour"}));
  EXPECT_EQ(clock_.Now() - start, hours(1));
}

TEST_F(EventLoopTest, DelayIsRoundedUpToAWholeMillisecond) {
  const TimePoint start = clock_.Now();
  loop_.SetTimeout(microseconds(1001), Note("due"));
  loop_.Run();
  EXPECT_EQ(clock_.Now() - start, milliseconds(2));
}

// Statement 9 of Node's semantics: lists of one delay, not a heap of single timers.
TEST_F(EventLoopTest, TimersOfOneDelayRunTogetherAsInNode) {
  loop_.SetTimeout(milliseconds(1), [this] {
    loop_.SetTimeout(milliseconds(29), Note("X29"));
    loop_.SetTimeout(milliseconds(15), Note("X15"));
    clock_.Advance(milliseconds(33));
  });
  loop_.SetTimeout(milliseconds(1), [this] {
    loop_.SetTimeout(milliseconds(15), Note("Y15"));
    clock_.Advance(milliseconds(33));
  });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"X15", "Y15", "X29"}));
}

TEST_F(EventLoopTest, IntervalCountsFromTheStartOfItsCallback) {
  const TimePoint start = clock_.Now();
  std::vector<int64_t> at;
  Timer interval;
  interval = loop_.SetInterval(milliseconds(20), [&] {
    at.push_back((clock_.Now() - start) / milliseconds(1));
    clock_.Advance(milliseconds(35));
    if (at.size() == 3) interval.Clear();
  });
  loop_.Run();
  EXPECT_EQ(at, (std::vector<int64_t>{20, 55, 90}));
}

TEST_F(EventLoopTest, TimerClearedByAnEarlierOneOfTheSamePassDoesNotRun) {
  Timer second;
  loop_.SetTimeout(milliseconds(1), [&] { second.Clear(); });
  second = loop_.SetTimeout(milliseconds(1), Note("cleared"));
  loop_.Run();
  EXPECT_TRUE(trace_.empty());
}

TEST_F(EventLoopTest, TimerThatATickRefreshesRightBeforeItRunsAllTheSameAndIsGone) {
  Timer second;
  loop_.SetTimeout(milliseconds(200), [&] { loop_.NextTick([&] { second.Refresh(); }); });
  second = loop_.SetTimeout(milliseconds(200), Note("second"));
  loop_.SetTimeout(milliseconds(500), Note("500"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"second", "500"}));
}

class NotedDeadline final : public Deadline {
 public:
  NotedDeadline(EventLoop& loop, Callback run) : Deadline(loop.deadlines()), run_(std::move(run)) {}

 private:
  void OnDeadline() override { run_(); }

  Callback run_;
};

TEST_F(EventLoopTest, DeadlineRunsAtItsTimeAndDoesNotKeepTheLoopAlive) {
  NotedDeadline soon(loop_, Note("deadline")), late(loop_, Note("too late"));
  soon.Arm(clock_.Now() + microseconds(5500));
  late.Arm(clock_.Now() + milliseconds(20));
  EXPECT_FALSE(loop_.alive());
  loop_.SetTimeout(milliseconds(5), Note("5"));
  loop_.SetTimeout(milliseconds(10), Note("10"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"5", "deadline", "10"}));
}

TEST_F(EventLoopTest, DeadlinesRunBeforeTheTimersOfAPhaseWithTheirTicksAfterEach) {
  NotedDeadline first(loop_, [this] {
    trace_.push_back("first");
    loop_.NextTick(Note("tick of first"));
    loop_.SetTimeout(milliseconds(1), Note("timer of first"));
    clock_.Advance(milliseconds(5));
  });
  NotedDeadline second(loop_, Note("second"));
  second.Arm(clock_.Now() + milliseconds(3));
  first.Arm(clock_.Now() + milliseconds(2));
  loop_.SetTimeout(milliseconds(1), Note("1"));
  clock_.Advance(milliseconds(4));
  loop_.SetImmediate(Note("immediate"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"first", "tick of first", "second", "1", "immediate", "timer of first"}));
}

TEST_F(EventLoopTest, DeadlineRunsBeforeATimerThatWasDueEarlier) {
  NotedDeadline deadline(loop_, Note("deadline at 2"));
  deadline.Arm(clock_.Now() + milliseconds(2));
  loop_.SetTimeout(milliseconds(1), Note("timer at 1"));
  clock_.Advance(milliseconds(3));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"deadline at 2", "timer at 1"}));
}

TEST_F(EventLoopTest, DeadlinesAreCountedInNanosecondsInNodesWayToo) {
  EventLoop loop(clock_, {.compatibility = Compatibility::kNode});
  NotedDeadline deadline(loop, Note("deadline"));
  deadline.Arm(clock_.Now() + microseconds(1500));
  loop.SetTimeout(milliseconds(1), Note("1"));
  loop.SetTimeout(milliseconds(2), Note("2"));
  loop.Run();
  EXPECT_EQ(trace_, (Trace{"1", "deadline", "2"}));
}

TEST_F(EventLoopTest, DeadlineThatThrowsIsHandledAndTheOthersRun) {
  loop_.SetUncaughtHandler([this](std::exception_ptr) { trace_.push_back("handler"); });
  NotedDeadline first(loop_, [] { throw std::runtime_error("first"); }), second(loop_, Note("second"));
  first.Arm(clock_.Now() + milliseconds(1));
  second.Arm(clock_.Now() + milliseconds(1));
  loop_.SetTimeout(milliseconds(2), [] {});
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"handler", "second"}));
}

TEST_F(EventLoopTest, DeadlineThatExitsIsTheLast) {
  NotedDeadline first(loop_, [this] { loop_.Exit(3); }), second(loop_, Note("second"));
  first.Arm(clock_.Now() + milliseconds(1));
  second.Arm(clock_.Now() + milliseconds(1));
  loop_.SetTimeout(milliseconds(1), Note("timer"));
  EXPECT_EQ(loop_.Run(), 3);
  EXPECT_EQ(trace_, Trace{});
}

TEST_F(EventLoopTest, UnrefedTimerDoesNotKeepTheLoopAlive) {
  loop_.SetTimeout(milliseconds(5), Note("unref'd")).SetRef(false);
  loop_.Run();
  EXPECT_TRUE(trace_.empty());
  EXPECT_EQ(loop_.refs().total(), 0u);
}

TEST_F(EventLoopTest, RefreshStartsTheDelayAnewAndRevivesAFiredTimer) {
  int runs = 0;
  Timer timer;
  timer = loop_.SetTimeout(milliseconds(10), [&] {
    if (++runs < 3) timer.Refresh();
  });
  loop_.Run();
  EXPECT_EQ(runs, 3);
  EXPECT_TRUE(timer.has_ref());
  EXPECT_FALSE(timer.is_armed());
}

TEST_F(EventLoopTest, ImmediateQueuedByAnImmediateWaitsForTheNextIteration) {
  loop_.SetImmediate([this] {
    trace_.push_back("outer");
    loop_.SetImmediate(Note("inner"));
  });
  EXPECT_TRUE(loop_.RunOnce());
  EXPECT_EQ(trace_, (Trace{"outer"}));
  EXPECT_FALSE(loop_.RunOnce());
  EXPECT_EQ(trace_, (Trace{"outer", "inner"}));
}

TEST_F(EventLoopTest, UnrefedImmediateAloneNeverRuns) {
  loop_.SetImmediate(Note("never")).SetRef(false);
  loop_.Run();
  EXPECT_TRUE(trace_.empty());
}

TEST_F(EventLoopTest, ClosingHandlesAreCalledLastInFirstOut) {
  const Ref<Handle> a = loop_.OpenHandle();
  const Ref<Handle> b = loop_.OpenHandle();
  a->Close(Note("a"));
  b->Close(Note("b"));
  EXPECT_EQ(loop_.refs().count(RefKind::kClosing), 2u);
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"b", "a"}));
}

TEST_F(EventLoopTest, OpenHandleKeepsTheLoopAliveUntilItIsUnrefed) {
  const Ref<Handle> handle = loop_.OpenHandle();
  EXPECT_TRUE(loop_.alive());
  handle->SetRef(false);
  EXPECT_FALSE(loop_.alive());
}

TEST_F(EventLoopTest, PostFromAnotherThreadRunsInPoll) {
  const Ref<Handle> open = loop_.OpenHandle();
  std::thread other([&] {
    loop_.Post([&] {
      EXPECT_TRUE(loop_.InLoopThread());
      open->Close();
    });
  });
  EXPECT_EQ(loop_.Run(), 0);
  other.join();
  EXPECT_EQ(loop_.stats().posted, 1u);
}

TEST_F(EventLoopTest, PollPutsOffWhatIsOverItsBudgetAndLosesNothing) {
  EventLoop loop(clock_, {.poll_budget_callbacks = 3});
  std::vector<int> order;
  for (int i = 0; i < 10; ++i) loop.Post([&order, i] { order.push_back(i); });
  loop.RunOnce();
  EXPECT_EQ(order.size(), 3u);
  EXPECT_EQ(loop.stats().deferred, 7u);
  loop.Run();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

// A pending phase runs what poll put off, and what that completes is put off again: poll must not overtake it.
TEST_F(EventLoopTest, WhatIsPutOffByPendingRunsBeforeWhatComesInLater) {
  EventLoop loop(clock_, {.poll_budget_callbacks = 1});
  std::vector<int> order;
  loop.Post([&] { order.push_back(0); });
  loop.Post([&] {
    order.push_back(1);
    loop.RunCompletion(Operation(loop, RefKind::kIo), [&] { order.push_back(2); });
    loop.Post([&] {
      order.push_back(3);
      loop.RunCompletion(Operation(loop, RefKind::kIo), [&] { order.push_back(4); });
    });
  });
  loop.Run();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST_F(EventLoopTest, BeforeExitBringsTheLoopBackToLife) {
  int offers = 0;
  loop_.OnBeforeExit([&] {
    if (++offers == 1) loop_.SetImmediate(Note("revived"));
  });
  loop_.Run();
  EXPECT_EQ(offers, 2);
  EXPECT_EQ(trace_, (Trace{"revived"}));
}

TEST_F(EventLoopTest, ExitRunsTheHooksAndNothingElse) {
  loop_.SetImmediate([this] {
    loop_.NextTick(Note("tick"));
    loop_.Exit(3);
    loop_.Exit(4);
  });
  loop_.SetImmediate(Note("immediate"));
  loop_.OnExit([this](int code) { trace_.push_back("exit " + std::to_string(code)); });
  EXPECT_EQ(loop_.Run(), 3);
  EXPECT_EQ(trace_, (Trace{"exit 3"}));
}

TEST_F(EventLoopTest, HandledExceptionStopsNeitherTheBatchNorItsTicks) {
  loop_.SetUncaughtHandler([this](std::exception_ptr) { trace_.push_back("handler"); });
  loop_.SetImmediate([this] {
    loop_.NextTick(Note("tick"));
    throw std::runtime_error("on purpose");
  });
  loop_.SetImmediate(Note("next"));
  EXPECT_EQ(loop_.Run(), 0);
  EXPECT_EQ(trace_, (Trace{"handler", "tick", "next"}));
}

TEST_F(EventLoopTest, UnhandledExceptionEndsWithCode1AndOneInTheHandlerWith7) {
  loop_.SetImmediate([] { throw std::runtime_error("on purpose"); });
  EXPECT_EQ(loop_.Run(), 1);
  EventLoop other(clock_);
  other.SetUncaughtHandler([](std::exception_ptr error) { std::rethrow_exception(error); });
  other.SetImmediate([] { throw std::runtime_error("on purpose"); });
  EXPECT_EQ(other.Run(), 7);
}

class NamedContext final : public ContextBase {};

TEST_F(EventLoopTest, EverySchedulingCallCarriesTheContextOfItsCaller) {
  const Ref<NamedContext> mine = MakeRef<NamedContext>();
  int seen = 0;
  const auto check = [&] { seen += CurrentContext() == mine.get() ? 1 : 0; };
  {
    const ContextScope scope(mine.get());
    loop_.SetTimeout(milliseconds(1), check);
    loop_.SetImmediate(check);
    loop_.NextTick(check);
    loop_.QueueMicrotask(check);
  }
  loop_.SetImmediate([] { EXPECT_EQ(CurrentContext(), nullptr); });
  loop_.Run();
  EXPECT_EQ(seen, 4);
  EXPECT_EQ(mine->references(), 1u);
}

TEST_F(EventLoopTest, MicrotaskTakenBackDoesNotRun) {
  const uint64_t position = loop_.QueueMicrotask(Note("taken back"));
  loop_.QueueMicrotask(Note("kept"));
  loop_.TakeBackMicrotask(position);
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"kept"}));
}

}  // namespace
}  // namespace rota
