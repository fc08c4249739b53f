#include "framework/worker/worker_core.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <thread>
#include <vector>

#include "framework/base/clock.h"
#include "framework/base/status.h"
#include "framework/base/steady_clock.h"
#include "framework/loop/event_loop.h"
#include "framework/worker/job.h"
#include "framework/worker/worker_pool.h"

namespace rota::internal {
namespace {

class NamedJob final : public Job {
 public:
  explicit NamedJob(std::function<void()> run = [] {}) : run_(std::move(run)) {}
  void Run() override { run_(); }
  void Done(const Status& status) override { ended = status; }
  std::optional<Status> ended;

 private:
  std::function<void()> run_;
};

class WorkerCoreTest : public testing::Test {
 protected:
  ~WorkerCoreTest() override {
    if (core_) core_->Stop(std::chrono::hours(1));
  }
  void Make(WorkerPool::Options options, bool start = true) {
    core_ = std::make_shared<WorkerCore>(loop_, options);
    if (start) core_->StartThreads();
  }
  Status Submit(Job& job, JobKind kind = JobKind::kFast, TimePoint deadline = kNoDeadline) {
    return core_->Submit(job, kind, deadline, std::source_location::current());
  }

  SteadyClock clock_;
  EventLoop loop_{clock_};
  std::shared_ptr<WorkerCore> core_;
};

TEST_F(WorkerCoreTest, AJobThatWasSubmittedBeforeTheThreadsStartedRuns) {
  Make({.threads = 1}, false);
  NamedJob job;
  ASSERT_TRUE(Submit(job).ok());
  EXPECT_FALSE(job.ended);
  core_->StartThreads();
  loop_.Run();
  EXPECT_EQ(job.ended, OkStatus());
  EXPECT_EQ(core_->stats().submitted, 1u);
}

TEST_F(WorkerCoreTest, AFullQueueRefusesAndTheJobCanBeSubmittedAgain) {
  Make({.threads = 1, .queue_capacity = 2}, false);
  NamedJob first, second, third;
  ASSERT_TRUE(Submit(first).ok() && Submit(second).ok());
  EXPECT_EQ(Submit(third), ResourceExhaustedError("worker queue is full (capacity 2)"));
  EXPECT_EQ(core_->stats().rejected, 1u);
  core_->StartThreads();
  loop_.Run();
  EXPECT_FALSE(third.ended);
  ASSERT_TRUE(Submit(third).ok());
  loop_.Run();
  EXPECT_EQ(third.ended, OkStatus());
}

TEST_F(WorkerCoreTest, AJobCanBeTakenBackAsLongAsItWaits) {
  Make({.threads = 1}, false);
  NamedJob job;
  ASSERT_TRUE(Submit(job).ok());
  EXPECT_TRUE(core_->TryCancel(job));
  EXPECT_FALSE(core_->TryCancel(job));
  core_->StartThreads();
  loop_.Run();
  EXPECT_FALSE(job.ended);
  EXPECT_EQ(core_->stats().cancelled, 1u);
}

TEST_F(WorkerCoreTest, AJobThatRunsIsNamedByItsTypeAndCannotBeTakenBack) {
  Make({.threads = 2});
  std::promise<void> entered, open;
  NamedJob job([&] {
    entered.set_value();
    open.get_future().wait();
  });
  EXPECT_TRUE(core_->RunningJobs().empty());
  ASSERT_TRUE(Submit(job).ok());
  entered.get_future().wait();
  EXPECT_FALSE(core_->TryCancel(job));
  const std::vector<std::string> running = core_->RunningJobs();
  ASSERT_EQ(running.size(), 1u);
  EXPECT_NE(running.front().find("NamedJob"), std::string::npos) << running.front();
  open.set_value();
  loop_.Run();
  EXPECT_EQ(job.ended, OkStatus());
  EXPECT_TRUE(core_->RunningJobs().empty());
}

TEST_F(WorkerCoreTest, SlowJobsNeverHaveMoreThanHalfOfTheThreads) {
  Make({.threads = 4});
  std::atomic<int> running = 0, most = 0;
  std::vector<std::unique_ptr<NamedJob>> jobs;
  for (int i = 0; i < 40; ++i) {
    jobs.push_back(std::make_unique<NamedJob>([&] {
      const int now = ++running;
      for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
      }
      std::this_thread::yield();
      --running;
    }));
    ASSERT_TRUE(Submit(*jobs.back(), JobKind::kSlow).ok());
  }
  loop_.Run();
  EXPECT_GE(most, 1);
  EXPECT_LE(most, 2);
}

TEST_F(WorkerCoreTest, AJobWhoseDeadlineHasPassedDoesNotRun) {
  Make({.threads = 1}, false);
  bool ran = false;
  NamedJob job([&] { ran = true; });
  ASSERT_TRUE(Submit(job, JobKind::kFast, loop_.Now() - std::chrono::milliseconds(1)).ok());
  core_->StartThreads();
  loop_.Run();
  ASSERT_TRUE(job.ended);
  EXPECT_EQ(job.ended->code(), StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(ran);
}

TEST_F(WorkerCoreTest, StoppingEndsWhatWaitsAndRefusesWhatComes) {
  Make({.threads = 1}, false);
  NamedJob waits, late;
  ASSERT_TRUE(Submit(waits).ok());
  core_->StartThreads();
  EXPECT_TRUE(core_->Stop(std::chrono::hours(1)).empty());
  ASSERT_TRUE(waits.ended);
  EXPECT_TRUE(waits.ended->ok() || waits.ended->code() == StatusCode::kCancelled);
  EXPECT_EQ(Submit(late), UnavailableError(kPoolStopped));
}

// Ends the process, which takes the job along: there is no other way to be rid of it.
[[noreturn]] void StopWithAJobThatDoesNotEnd() {
  SteadyClock clock;
  EventLoop loop(clock);
  const auto core = std::make_shared<WorkerCore>(loop, WorkerPool::Options{.threads = 1});
  core->StartThreads();
  std::promise<void> entered, never;
  NamedJob job([&] {
    entered.set_value();
    never.get_future().wait();
  });
  if (!core->Submit(job, JobKind::kFast, kNoDeadline, std::source_location::current()).ok()) std::_Exit(2);
  entered.get_future().wait();
  const std::vector<std::string> stuck = core->Stop(Duration::zero());
  std::_Exit(stuck.size() == 1 && stuck.front().find("NamedJob") != std::string::npos ? 0 : 1);
}

TEST(WorkerCoreDeathTest, WhoWillNotEndIsNamedWhenTheTimeIsUp) {
  EXPECT_EXIT(StopWithAJobThatDoesNotEnd(), testing::ExitedWithCode(0), "");
}

TEST(WorkerCoreDeathTest, APoolWithoutThreadsIsAMistake) {
  SteadyClock clock;
  EventLoop loop(clock);
  EXPECT_DEATH(WorkerCore(loop, {.threads = 0}), "needs a thread");
}

}  // namespace
}  // namespace rota::internal
