// Statements 1 to 8 and 29: the iteration, its caps, what it counts.

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "framework/base/steady_clock.h"
#include "framework/loop/operation.h"
#include "tests/conformance/node/loop_case.h"

namespace rota {
namespace {

class IterationTest : public BothWays {};
ROTA_BOTH_WAYS(IterationTest);
class IterationRotasWayTest : public RotasWay {};

// libuv test-loop-alive, test-ref
TEST_P(IterationTest, Rule1LoopIsAliveByRefsRequestsPendingAndClosing) {
  EXPECT_FALSE(loop_.alive());
  {
    const Timer timer = loop_.SetTimeout(seconds(1), [] {});
    EXPECT_TRUE(loop_.alive());
    Timer(timer).SetRef(false);
    EXPECT_FALSE(loop_.alive());
  }
  {
    const Operation request(loop_, RefKind::kIo);
    EXPECT_TRUE(loop_.alive());
  }
  EXPECT_FALSE(loop_.alive());
  const Ref<Handle> handle = loop_.OpenHandle();
  EXPECT_TRUE(loop_.alive());
  handle->SetRef(false);
  EXPECT_FALSE(loop_.alive());
  handle->Close();
  EXPECT_TRUE(loop_.alive());
  loop_.Run();
  EXPECT_FALSE(loop_.alive());
}

TEST_P(IterationTest, Rule2TimersRunOnceBeforeTheFirstIterationAndAfterEachClosingPhase) {
  FunctionHook idle(Note("idle")), prepare(Note("prepare")), check(Note("check"));
  loop_.idle_hooks().Add(idle);
  loop_.prepare_hooks().Add(prepare);
  loop_.check_hooks().Add(check);
  loop_.SetTimeout(milliseconds(1), Note("timer"));
  loop_.SetImmediate([this] {
    Add("immediate");
    loop_.SetTimeout(milliseconds(1), Note("second timer"));
    Block(milliseconds(5));
  });
  loop_.Post(Note("post"));
  loop_.OpenHandle()->Close(Note("close"));
  Block(milliseconds(5));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"timer", "idle", "prepare", "post", "check", "immediate", "close", "second timer"}));
}

TEST_P(IterationTest, Rule2LoopThatTimersHaveEmptiedStillRunsOneIteration) {
  loop_.SetTimeout(milliseconds(1), Note("timer"));
  FunctionHook prepare(Note("prepare"));
  loop_.prepare_hooks().Add(prepare);
  Block(milliseconds(5));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"timer", "prepare"}));
}

TEST_P(IterationTest, Rule3OverdueUnrefedTimerOfTheLastIterationRuns) {
  loop_.SetImmediate([this] {
    loop_.SetTimeout(milliseconds(1), Note("ran")).SetRef(false);
    Block(milliseconds(10));
  });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"ran"}));
}

TEST_P(IterationTest, Rule3OverdueUnrefedTimerOfMainAloneNeverRuns) {
  loop_.Run([this] {
    loop_.SetTimeout(milliseconds(1), Note("never")).SetRef(false);
    Block(milliseconds(10));
  });
  EXPECT_TRUE(trace_.empty());
}

TEST_P(IterationTest, Rule4ImmediateOfAnIoCallbackRunsBeforeItsTimer) {
  loop_.RunCompletion(Operation(loop_, RefKind::kIo), [] {});
  loop_.Post([this] {
    loop_.SetTimeout(milliseconds(0), Note("timer"));
    loop_.SetImmediate(Note("immediate"));
    loop_.OpenHandle()->Close(Note("close"));
    Block(milliseconds(5));
  });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"immediate", "close", "timer"}));
}

// libuv test-idle
TEST_P(IterationTest, Rule5PollDoesNotWaitWhileAnIdleHookIsThere) {
  int idles = 0;
  FunctionHook idle([&] {
    Block(milliseconds(1));
    if (++idles == 5) loop_.Stop();
  });
  loop_.idle_hooks().Add(idle);
  const Timer timer = loop_.SetTimeout(seconds(1), Note("timer"));
  loop_.Run();
  EXPECT_EQ(idles, 5);
  EXPECT_EQ(ElapsedMs(), 5);
  loop_.idle_hooks().Remove(idle);
  loop_.Run();
  EXPECT_EQ(ElapsedMs(), 1000);
}

// libuv test-embed: somebody else's loop may drive this one, an iteration at a time.
TEST_P(IterationTest, Rule5IterationWithSomethingDueDoesNotWait) {
  loop_.SetTimeout(seconds(10), Note("timer"));
  for (const auto& due : std::vector<std::function<void()>>{
           [&] { loop_.SetImmediate(Note("due")); },
           [&] { loop_.Post(Note("due")); },
           [&] { loop_.OpenHandle()->Close(Note("due")); },
       }) {
    due();
    EXPECT_TRUE(loop_.RunOnce());
    EXPECT_EQ(ElapsedMs(), 0);
  }
  EXPECT_EQ(trace_, (Trace{"due", "due", "due"}));
}

// libuv test-loop-stop
TEST_P(IterationTest, Rule6StopInPrepareEndsTheIterationWithoutWaiting) {
  FunctionHook prepare([this] {
    Add("prepare");
    loop_.Stop();
  });
  loop_.prepare_hooks().Add(prepare);
  loop_.SetTimeout(milliseconds(100), Note("timer"));
  loop_.SetImmediate([this] {
    Add("immediate");
    loop_.SetTimeout(milliseconds(1), Note("due timer"));
    Block(milliseconds(2));
  });
  loop_.OnExit([this](int) { Add("exit"); });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"prepare", "immediate", "due timer"}));
  EXPECT_LT(ElapsedMs(), 100);
}

// libuv test-loop-stop (stop before run)
TEST_P(IterationTest, Rule6StopBeforeRunRunsNothingAndRunGoesOnLater) {
  loop_.SetImmediate(Note("immediate"));
  loop_.Stop();
  loop_.Run();
  EXPECT_TRUE(trace_.empty());
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"immediate"}));
}

// libuv test-loop-handles: prepare, idle, check and a timer that start and end each other.
TEST_P(IterationTest, Rule6HooksThatAddAndRemoveEachOtherRunInTheOrderOfTheIteration) {
  int prepares = 0;
  FunctionHook idle([&] { Add("idle"); });
  FunctionHook check([&] {
    Add("check");
    if (prepares == 2) loop_.idle_hooks().Remove(idle);
  });
  FunctionHook prepare([&] {
    Add("prepare");
    ++prepares;
    if (prepares == 1) loop_.idle_hooks().Add(idle);
    if (prepares == 3) loop_.Stop();
  });
  loop_.prepare_hooks().Add(prepare);
  loop_.check_hooks().Add(check);
  const Ref<Handle> open = loop_.OpenHandle();
  loop_.SetImmediate([] {});
  loop_.Post([] {});
  loop_.SetTimeout(milliseconds(5), [] {});
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"prepare", "check", "idle", "prepare", "check", "prepare", "check"}));
}

// libuv test-run-once
TEST_P(IterationTest, Rule6RunOnceRunsOneIteration) {
  int idles = 0;
  FunctionHook idle([&] { ++idles; });
  loop_.idle_hooks().Add(idle);
  const Ref<Handle> open = loop_.OpenHandle();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(loop_.RunOnce());
  EXPECT_EQ(idles, 10);
}

// libuv test-run-once (timers)
TEST_P(IterationTest, Rule6RunOnceWaitsForATimerAndRunsIt) {
  loop_.SetTimeout(milliseconds(100), Note("timer"));
  EXPECT_FALSE(loop_.RunOnce());
  EXPECT_EQ(trace_, (Trace{"timer"}));
  EXPECT_EQ(ElapsedMs(), 100);
}

// libuv test-run-nowait
TEST_P(IterationTest, Rule6IterationThatDoesNotWaitRunsNoTimerThatIsNotDue) {
  loop_.SetTimeout(milliseconds(100), Note("timer"));
  loop_.Stop();
  EXPECT_TRUE(loop_.RunOnce());
  EXPECT_TRUE(trace_.empty());
  EXPECT_EQ(ElapsedMs(), 0);
}

// libuv test-loop-time
TEST_P(IterationTest, Rule6LoopDoesNotWaitWithoutARef) {
  loop_.SetTimeout(seconds(10), Note("never")).SetRef(false);
  loop_.Run();
  EXPECT_EQ(ElapsedMs(), 0);
}

// libuv test-async
TEST_P(IterationTest, Rule7CallbacksOfOtherThreadsRunOnTheLoopInTheirOrder) {
  const Ref<Handle> open = loop_.OpenHandle();
  std::vector<int> order;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) {
      loop_.Post([&, i] {
        EXPECT_TRUE(loop_.InLoopThread());
        order.push_back(i);
        if (i == 99) open->Close();
      });
    }
  });
  loop_.Run();
  other.join();
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

// test-worker-message-port-infinite-message-loop
TEST_P(IterationTest, Rule7PostsOfAPostWaitForTheNextPollSoTimersRun) {
  bool timer = false;
  int posts = 0;
  std::function<void()> again = [&] {
    Block(milliseconds(1));
    if (!timer && ++posts < 1000) loop_.Post(again);
  };
  loop_.Post(again);
  loop_.SetTimeout(milliseconds(2), [&] { timer = true; });
  loop_.Run();
  EXPECT_TRUE(timer);
  EXPECT_LE(posts, 3);
}

TEST_F(IterationRotasWayTest, Rule7PollRunsAtMostItsBudgetAndTheRestInTheNextPending) {
  EventLoop loop(clock_, {.poll_budget_callbacks = 4});
  int runs = 0;
  for (int i = 0; i < 10; ++i) loop.Post([&] { ++runs; });
  loop.SetImmediate([&] { Add("immediate after " + std::to_string(runs)); });
  loop.Run();
  EXPECT_EQ(trace_, (Trace{"immediate after 4"}));
  EXPECT_EQ(runs, 10);
}

TEST_P(IterationTest, Rule8DueTimersAndImmediatesHaveNoCap) {
  int timers = 0, immediates = 0;
  for (int i = 0; i < 5000; ++i) {
    loop_.SetTimeout(milliseconds(1), [&] { ++timers; });
    loop_.SetImmediate([&] { ++immediates; });
  }
  Block(milliseconds(5));
  const Ref<Handle> open = loop_.OpenHandle();
  loop_.RunOnce();
  EXPECT_EQ(immediates, 5000);
  EXPECT_EQ(timers, 5000);
}

TEST_P(IterationTest, Rule29IterationsCallbacksAndIdleTimeAreCounted) {
  loop_.Post([] {});
  loop_.Post([] {});
  loop_.SetImmediate([] {});
  loop_.Run();
  const LoopStats& stats = loop_.stats();
  EXPECT_EQ(stats.iterations, 1u);
  EXPECT_EQ(stats.callbacks[static_cast<size_t>(Phase::kPoll)], 2u);
  EXPECT_EQ(stats.callbacks[static_cast<size_t>(Phase::kCheck)], 1u);
  EXPECT_EQ(stats.posted, 2u);
}

TEST_P(IterationTest, Rule29PhasesThatWorkForLongerThanTheBudgetAreCounted) {
  loop_.SetImmediate([this] { Block(milliseconds(11)); });
  loop_.SetTimeout(milliseconds(20), [this] { Block(milliseconds(9)); });
  loop_.Run();
  EXPECT_EQ(loop_.stats().overruns[static_cast<size_t>(Phase::kCheck)], 1u);
  EXPECT_EQ(loop_.stats().overruns[static_cast<size_t>(Phase::kTimers)], 0u);
}

TEST(IdleTimeTest, Rule29TimeBlockedInPollIsIdleAndNotWork) {
  SteadyClock clock;
  EventLoop loop(clock);
  loop.SetTimeout(milliseconds(30), [] {});
  const TimePoint start = clock.Now();
  loop.Run();
  const Duration elapsed = clock.Now() - start;
  EXPECT_GE(loop.stats().idle, milliseconds(25));
  EXPECT_LE(loop.stats().idle, elapsed);
}

}  // namespace
}  // namespace rota
