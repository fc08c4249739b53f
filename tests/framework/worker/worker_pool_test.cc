#include "framework/base/steady_clock.h"
#include "framework/worker/worker_pool.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/context/request_context.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "framework/worker/job.h"
#include "framework/worker/loop_wait.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// A job of two functions.
class TestJob final : public Job {
 public:
  explicit TestJob(std::function<void()> run = [] {}, std::function<void(const Status&)> done = [](const Status&) {})
      : run_(std::move(run)), done_(std::move(done)) {}
  void Run() override { run_(); }
  void Done(const Status& status) override {
    result = status;
    done_(status);
  }
  std::optional<Status> result;

 private:
  std::function<void()> run_;
  std::function<void(const Status&)> done_;
};

// Holds a thread until it is opened; tells when it has the thread.
class Gate {
 public:
  void Block() {
    entered_.set_value();
    open_.get_future().wait();
  }
  void WaitUntilEntered() { entered_.get_future().wait(); }
  void Open() { open_.set_value(); }

 private:
  std::promise<void> entered_;
  std::promise<void> open_;
};

class WorkerPoolTest : public testing::Test {
 protected:
  ManualClock clock_;
  EventLoop loop_{clock_};
};

TEST_F(WorkerPoolTest, AJobRunsOnAnotherThreadAndEndsOnTheLoop) {
  WorkerPool pool(loop_, {.threads = 2});
  std::thread::id ran;
  TestJob job([&] { ran = std::this_thread::get_id(); }, [&](const Status&) { EXPECT_TRUE(loop_.InLoopThread()); });
  ASSERT_TRUE(pool.Submit(job).ok());
  EXPECT_EQ(loop_.refs().count(RefKind::kJob), 1u);
  EXPECT_FALSE(job.result);
  loop_.Run();
  ASSERT_TRUE(job.result);
  EXPECT_TRUE(job.result->ok());
  EXPECT_NE(ran, std::this_thread::get_id());
  EXPECT_EQ(loop_.refs().total(), 0u);
  const WorkerStats stats = pool.stats();
  EXPECT_EQ(stats.submitted, 1u);
  EXPECT_EQ(stats.finished, 1u);
  EXPECT_EQ(stats.run.count(), 1u);
  EXPECT_EQ(stats.running + stats.queued + stats.waiting, 0u);
}

TEST_F(WorkerPoolTest, AJobIsListedAmongTheRefsOfTheLoopWithWhoSubmittedIt) {
  WorkerPool pool(loop_, {.threads = 1});
  TestJob job;
  ASSERT_TRUE(pool.Submit(job).ok());
  const int line = __LINE__ - 1;
  ASSERT_EQ(loop_.ListRefs().size(), 1u);
  EXPECT_EQ(loop_.ListRefs()[0].kind, RefKind::kJob);
  EXPECT_EQ(loop_.ListRefs()[0].owner, "tests/framework/worker/worker_pool_test.cc:" + std::to_string(line));
  loop_.Run();
  EXPECT_TRUE(loop_.ListRefs().empty());
}

TEST_F(WorkerPoolTest, TheContextOfTheSubmitterIsCurrentInTheJobAndAtItsEnd) {
  WorkerPool pool(loop_, {.threads = 2});
  const auto context = MakeRef<RequestContext>(loop_, RequestContext::Start{.id = "r1"});
  ContextBase* in_run = nullptr;
  ContextBase* in_done = nullptr;
  TestJob job([&] { in_run = CurrentContext(); }, [&](const Status&) { in_done = CurrentContext(); });
  {
    const ContextScope scope(context.get());
    ASSERT_TRUE(pool.Submit(job).ok());
  }
  loop_.Run();
  EXPECT_EQ(in_run, context.get());
  EXPECT_EQ(in_done, context.get());
  EXPECT_EQ(context->references(), 1u);
}

TEST_F(WorkerPoolTest, AFullQueueRefusesAndNamesItsCapacity) {
  WorkerPool pool(loop_, {.threads = 1, .queue_capacity = 1});
  Gate gate;
  TestJob running([&] { gate.Block(); });
  TestJob queued;
  TestJob refused;
  ASSERT_TRUE(pool.Submit(running).ok());
  gate.WaitUntilEntered();
  ASSERT_TRUE(pool.Submit(queued).ok());
  EXPECT_EQ(pool.Submit(refused), ResourceExhaustedError("worker queue is full (capacity 1)"));
  EXPECT_EQ(pool.stats().rejected, 1u);
  gate.Open();
  loop_.Run();
  EXPECT_TRUE(queued.result->ok());
  EXPECT_FALSE(refused.result);
}

TEST_F(WorkerPoolTest, AJobThatWaitsCanBeCancelledAndOneThatRunsCannot) {
  WorkerPool pool(loop_, {.threads = 1});
  Gate gate;
  TestJob running([&] { gate.Block(); });
  TestJob queued([] { FAIL() << "a cancelled job ran"; });
  ASSERT_TRUE(pool.Submit(running).ok());
  gate.WaitUntilEntered();
  ASSERT_TRUE(pool.Submit(queued).ok());
  EXPECT_FALSE(pool.TryCancel(running));
  EXPECT_TRUE(pool.TryCancel(queued));
  EXPECT_FALSE(pool.TryCancel(queued));
  EXPECT_EQ(loop_.refs().count(RefKind::kJob), 1u);
  gate.Open();
  loop_.Run();
  EXPECT_FALSE(queued.result);
  EXPECT_EQ(pool.stats().cancelled, 1u);
}

TEST_F(WorkerPoolTest, AJobWhoseDeadlineHasPassedDoesNotStart) {
  WorkerPool pool(loop_, {.threads = 1});
  Gate gate;
  TestJob running([&] { gate.Block(); });
  TestJob late([] { FAIL() << "a late job ran"; });
  TestJob in_time;
  ASSERT_TRUE(pool.Submit(running).ok());
  gate.WaitUntilEntered();
  ASSERT_TRUE(pool.Submit(late, JobKind::kFast, clock_.Now() + milliseconds(5)).ok());
  ASSERT_TRUE(pool.Submit(in_time, JobKind::kFast, clock_.Now() + milliseconds(7)).ok());
  clock_.Advance(milliseconds(6));
  gate.Open();
  loop_.Run();
  EXPECT_EQ(late.result->code(), StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(in_time.result->ok());
  EXPECT_EQ(pool.stats().expired, 1u);
}

TEST_F(WorkerPoolTest, SlowJobsLeaveHalfOfTheThreadsToOthers) {
  WorkerPool pool(loop_, {.threads = 2});
  Gate gate;
  std::atomic<bool> second_slow_ran = false;
  TestJob slow([&] { gate.Block(); });
  TestJob slow2([&] { second_slow_ran = true; });
  std::promise<void> fast_ran;
  TestJob fast([&] { fast_ran.set_value(); });
  ASSERT_TRUE(pool.Submit(slow, JobKind::kSlow).ok());
  gate.WaitUntilEntered();
  ASSERT_TRUE(pool.Submit(slow2, JobKind::kSlow).ok());
  ASSERT_TRUE(pool.Submit(fast).ok());
  fast_ran.get_future().wait();
  EXPECT_FALSE(second_slow_ran);
  gate.Open();
  loop_.Run();
  EXPECT_TRUE(second_slow_ran);
}

TEST_F(WorkerPoolTest, TimeStandsStillWhileAJobRunsAndMovesWhileItWaitsForTheLoop) {
  WorkerPool pool(loop_, {.threads = 1});
  const TimePoint start = clock_.Now();
  bool timer_ran = false;
  TestJob job([&] { EXPECT_EQ(clock_.Now(), start); }, [&](const Status&) { EXPECT_FALSE(timer_ran); });
  ASSERT_TRUE(pool.Submit(job).ok());
  loop_.SetTimeout(hours(1), [&] { timer_ran = true; });
  loop_.Run();
  EXPECT_TRUE(timer_ran);
  TestJob sleeper([&] { EXPECT_TRUE(SleepOnFiber(hours(1)).ok()); });
  const TimePoint before = clock_.Now();
  ASSERT_TRUE(pool.Submit(sleeper).ok());
  loop_.Run();
  EXPECT_EQ(clock_.Now() - before, hours(1));
}

// The queue waits for a fiber, the fibers for the time: somebody has to move.
TEST_F(WorkerPoolTest, TimeMovesWhileWaitingJobsHaveAllTheFibers) {
  WorkerPool pool(loop_, {.threads = 1, .max_fibers = 2});
  const TimePoint start = clock_.Now();
  std::vector<std::unique_ptr<TestJob>> jobs;
  for (int i = 0; i < 5; ++i) {
    jobs.push_back(std::make_unique<TestJob>([] { EXPECT_TRUE(SleepOnFiber(hours(1)).ok()); }));
    ASSERT_TRUE(pool.Submit(*jobs.back()).ok());
  }
  loop_.Run();
  EXPECT_EQ(clock_.Now() - start, hours(3));
}

TEST_F(WorkerPoolTest, ManyJobsThatWaitForTheLoopNeedFewThreads) {
  WorkerPool pool(loop_, {.threads = 2});
  std::vector<LoopPromise<int>> promises;
  std::vector<std::unique_ptr<TestJob>> jobs;
  std::atomic<int> sum = 0;
  for (int i = 0; i < 100; ++i) {
    jobs.push_back(std::make_unique<TestJob>([&] {
      const StatusOr<int> answer = WaitOnLoop<int>([&](LoopPromise<int> promise) {
        promises.push_back(std::move(promise));
        // Nobody gets an answer before all have asked.
        if (promises.size() < 100) return;
        EXPECT_EQ(pool.stats().waiting, 100u);
        for (size_t j = 0; j < promises.size(); ++j) promises[j].Set(1);
      });
      sum += *answer;
    }));
    ASSERT_TRUE(pool.Submit(*jobs.back()).ok());
  }
  loop_.Run();
  EXPECT_EQ(sum, 100);
  EXPECT_EQ(loop_.refs().total(), 0u);
}

TEST_F(WorkerPoolTest, APromiseThatIsDroppedEndsTheWait) {
  WorkerPool pool(loop_, {.threads = 1});
  Status status;
  TestJob job([&] { status = WaitOnLoop<void>([](LoopPromise<void>) {}); });
  ASSERT_TRUE(pool.Submit(job).ok());
  loop_.Run();
  EXPECT_EQ(status, CancelledError("the promise of the loop to a job was dropped"));
}

TEST_F(WorkerPoolTest, StopEndsTheWaitsOfWhatRunsAndTakesNoMore) {
  WorkerPool pool(loop_, {.threads = 1});
  std::optional<LoopPromise<void>> kept;
  Status waited;
  TestJob suspended([&] { waited = WaitOnLoop<void>([&](LoopPromise<void> promise) { kept.emplace(std::move(promise)); }); });
  ASSERT_TRUE(pool.Submit(suspended).ok());
  while (!kept) loop_.RunOnce();
  pool.Stop();
  EXPECT_EQ(waited.code(), StatusCode::kCancelled);
  EXPECT_TRUE(suspended.result->ok());
  TestJob late;
  EXPECT_EQ(pool.Submit(late).code(), StatusCode::kUnavailable);
  kept->Set(OkStatus());
  loop_.Run();
  EXPECT_EQ(loop_.refs().total(), 0u);
}

TEST_F(WorkerPoolTest, JobsSeeOnlyTheirOwnContextWhateverTheOrder) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    WorkerPool pool(loop_, {.threads = 3, .queue_capacity = 10000, .max_fibers = 64});
    std::mt19937 random(seed);
    std::vector<std::unique_ptr<TestJob>> jobs;
    std::atomic<int> wrong = 0;
    int done = 0;
    int cancelled = 0;
    for (int i = 0; i < 1000; ++i) {
      const auto context = MakeRef<RequestContext>(loop_, RequestContext::Start{.id = "r1"});
      const int waits = static_cast<int>(random() % 4);
      jobs.push_back(std::make_unique<TestJob>(
          [&wrong, waits, own = context.get()] {
            for (int wait = 0; wait < waits; ++wait) {
              wrong += CurrentContext() != own;
              if (!SleepOnFiber(milliseconds(1 + wait)).ok()) ++wrong;
            }
            wrong += CurrentContext() != own;
          },
          [&, own = context.get()](const Status& status) {
            wrong += CurrentContext() != own || !status.ok();
            ++done;
          }));
      const ContextScope scope(context.get());
      ASSERT_TRUE(pool.Submit(*jobs.back(), random() % 5 == 0 ? JobKind::kSlow : JobKind::kFast).ok());
      if (random() % 10 == 0) cancelled += pool.TryCancel(*jobs[random() % jobs.size()]);
      if (random() % 50 == 0) loop_.RunOnce();
    }
    loop_.Run();
    EXPECT_EQ(wrong, 0) << "seed " << seed;
    EXPECT_EQ(done + cancelled, 1000) << "seed " << seed;
  }
}

TEST_F(WorkerPoolTest, StopWithinALimitReturnsNothingWhenAllJobsHaveEnded) {
  WorkerPool pool(loop_, {.threads = 2});
  TestJob job;
  ASSERT_TRUE(pool.Submit(job).ok());
  EXPECT_TRUE(pool.StopWithin(std::chrono::seconds(60)).empty());
  EXPECT_TRUE(job.result);
}

// A job that never ends, with a name of its own.
class StuckJob final : public Job {
 public:
  explicit StuckJob(Gate& gate) : gate_(gate) {}
  void Run() override { gate_.Block(); }
  void Done(const Status&) override {}

 private:
  Gate& gate_;
};

TEST(WorkerPoolDeathTest, StopWithinALimitNamesTheJobThatDoesNotEnd) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        ManualClock clock;
        EventLoop loop(clock);
        WorkerPool pool(loop, {.threads = 2});
        Gate gate;
        StuckJob job(gate);
        if (!pool.Submit(job).ok()) std::_Exit(1);
        gate.WaitUntilEntered();
        for (const std::string& name : pool.StopWithin(milliseconds(50))) std::fprintf(stderr, "stuck: %s\n", name.c_str());
        std::_Exit(0);
      },
      testing::ExitedWithCode(0), "stuck: .*StuckJob");
}

// Uses up a stack, in frames that are smaller than a page.
int Recurse(int depth) {
  volatile char frame[512];
  frame[0] = static_cast<char>(depth);
  if (depth > 1'000'000) return 0;
  return Recurse(depth + 1) + frame[0];
}

class DeepJob final : public Job {
 public:
  void Run() override { depth = Recurse(0); }
  void Done(const Status&) override {}
  int depth = 0;
};

TEST(WorkerPoolDeathTest, StackOverflowInAJobIsToldWithTheNameOfTheJob) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        SteadyClock clock;
        EventLoop loop(clock);
        WorkerPool pool(loop, {.threads = 1});
        DeepJob job;
        if (!pool.Submit(job).ok()) std::_Exit(1);
        loop.Run();
      },
      "stack overflow in the job .*DeepJob.* 256 KiB");
}

// One frame that is larger than the stack, of which only the far end is used: it steps over a guard of a page.
[[gnu::noinline]] int TouchTheEndOfALargeFrame() {
  char frame[700 * 1024];
  // The compiler must believe that all of it is used.
  asm volatile("" : : "r"(frame) : "memory");
  *static_cast<volatile char*>(frame) = 1;
  return frame[0];
}

TEST(WorkerPoolDeathTest, StackOverflowByOneLargeFrameIsToldAsWell) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        SteadyClock clock;
        EventLoop loop(clock);
        WorkerPool pool(loop, {.threads = 1});
        TestJob job([] { TouchTheEndOfALargeFrame(); });
        if (!pool.Submit(job).ok()) std::_Exit(1);
        loop.Run();
      },
      "stack overflow in the job .* 256 KiB");
}

TEST(WorkerPoolDeathTest, OtherFaultsOfAJobAreNotTakenForAStackOverflow) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        SteadyClock clock;
        EventLoop loop(clock);
        WorkerPool pool(loop, {.threads = 1});
        TestJob job([] {
          std::fprintf(stderr, "a null pointer: ");
          *static_cast<volatile int*>(nullptr) = 1;
        });
        if (!pool.Submit(job).ok()) std::_Exit(1);
        loop.Run();
      },
      testing::AllOf(testing::HasSubstr("a null pointer: "), testing::Not(testing::HasSubstr("stack overflow in the job"))));
}

}  // namespace
}  // namespace rota
