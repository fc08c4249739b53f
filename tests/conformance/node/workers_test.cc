// Statements 26 and 27: the worker pool.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "framework/worker/job.h"
#include "framework/worker/worker_pool.h"
#include "tests/conformance/node/loop_case.h"
#include "tests/conformance/nodediff/gates.h"

namespace rota {
namespace {

class NotedJob final : public Job {
 public:
  NotedJob(Trace& trace, std::string name, std::function<void()> run = {}, std::function<void()> done = {})
      : trace_(trace), name_(std::move(name)), run_(std::move(run)), done_(std::move(done)) {}
  void Run() override {
    if (run_) run_();
  }
  void Done(const Status& status) override {
    trace_.push_back(name_ + (status.ok() ? "" : " cancelled"));
    EXPECT_TRUE(status.ok() || status.code() == StatusCode::kCancelled);
    if (done_) done_();
  }

 private:
  Trace& trace_;
  const std::string name_;
  const std::function<void()> run_;
  const std::function<void()> done_;
};

class WorkersTest : public BothWays {
 protected:
  WorkerPool& Pool(size_t threads) {
    pool_ = std::make_unique<WorkerPool>(loop_, WorkerPool::Options{.threads = threads, .holds_time = false});
    return *pool_;
  }
  NotedJob& Make(std::string name, std::function<void()> run = {}, std::function<void()> done = {}) {
    jobs_.push_back(std::make_unique<NotedJob>(trace_, std::move(name), std::move(run), std::move(done)));
    return *jobs_.back();
  }
  NotedJob& AtGate(std::string name) {
    return Make(std::move(name), [this] { gate_.Pass(); });
  }
  void Submit(Job& job, JobKind kind = JobKind::kFast) { ASSERT_TRUE(pool_->Submit(job, kind).ok()); }
  // Until no thread can get on by itself and the loop has been told.
  void Settle() {
    for (;;) {
      const WorkerStats& stats = pool_->stats();
      if (gate_.blocked() == stats.running && stats.posting == 0 && (stats.queued == queued_when_settled_ || stats.running == stats.threads)) return;
      std::this_thread::yield();
    }
  }

  nodediff::Gates gate_;
  size_t queued_when_settled_ = 0;
  std::vector<std::unique_ptr<NotedJob>> jobs_;
  std::unique_ptr<WorkerPool> pool_;
};
ROTA_BOTH_WAYS(WorkersTest);

// libuv test-threadpool
TEST_P(WorkersTest, Rule26JobRunsOnAWorkerAndEndsOnTheLoop) {
  Pool(2);
  std::atomic<bool> elsewhere = false;
  const std::thread::id here = std::this_thread::get_id();
  Submit(Make("job", [&] { elsewhere = std::this_thread::get_id() != here; }));
  loop_.Run();
  EXPECT_TRUE(elsewhere);
  EXPECT_EQ(trace_, (Trace{"job"}));
}

TEST_P(WorkersTest, Rule26JobsStartInTheOrderInWhichTheyWereSubmitted) {
  Pool(1);
  std::vector<int> started;
  Submit(AtGate("gate"));
  for (int i = 0; i < 5; ++i) Submit(Make(std::to_string(i), [&started, i] { started.push_back(i); }));
  gate_.Open();
  loop_.Run();
  EXPECT_EQ(started, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_EQ(trace_, (Trace{"gate", "0", "1", "2", "3", "4"}));
}

TEST_P(WorkersTest, Rule26SlowJobsHoldAtMostHalfOfTheThreadsAndFastOnesOvertake) {
  // Two at a time: libuv rounds up, Rota's own way rounds down.
  Pool(GetParam() == Compatibility::kNode ? 3 : 4);
  for (const char* name : {"slow 1", "slow 2", "slow 3"}) Submit(AtGate(name), JobKind::kSlow);
  Submit(Make("fast"));
  queued_when_settled_ = 1;
  Settle();
  EXPECT_EQ(pool_->stats().running, 2u);
  loop_.RunOnce();
  EXPECT_EQ(trace_, (Trace{"fast"}));
  for (int i = 0; i < 3; ++i) gate_.Open();
  loop_.Run();
  EXPECT_EQ(trace_.size(), 4u);
}

// libuv test-threadpool-cancel (uv_cancel of queued work)
TEST_P(WorkersTest, Rule26CancelledJobsEndInTheOrderOfTheCancelsAheadOfTheRunningOne) {
  Pool(1);
  Submit(AtGate("running"));
  NotedJob& a = Make("a");
  NotedJob& b = Make("b");
  NotedJob& c = Make("c");
  for (NotedJob* job : {&a, &b, &c}) Submit(*job);
  EXPECT_TRUE(pool_->Cancel(c));
  EXPECT_TRUE(pool_->Cancel(a));
  EXPECT_TRUE(trace_.empty());
  loop_.RunOnce();
  EXPECT_EQ(trace_, (Trace{"c cancelled", "a cancelled"}));
  gate_.Open();
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"c cancelled", "a cancelled", "running", "b"}));
  EXPECT_EQ(pool_->stats().cancelled, 2u);
}

// libuv test-threadpool-cancel (work that runs, and work that is over)
TEST_P(WorkersTest, Rule26RunningOrFinishedJobCannotBeCancelledAndCompletesAsUsual) {
  Pool(1);
  NotedJob& running = AtGate("running");
  Submit(running);
  while (gate_.blocked() == 0) std::this_thread::yield();
  EXPECT_FALSE(pool_->Cancel(running));
  gate_.Open();
  Settle();
  EXPECT_FALSE(pool_->Cancel(running));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"running"}));
  EXPECT_FALSE(pool_->Cancel(running));
}

// libuv test-threadpool-cancel (a cancelled request keeps the loop alive until its callback)
TEST_P(WorkersTest, Rule26CancelledJobKeepsTheLoopAliveUntilItsEnd) {
  Pool(1);
  Submit(AtGate("running"));
  NotedJob& job = Make("job");
  Submit(job);
  EXPECT_TRUE(pool_->Cancel(job));
  EXPECT_FALSE(pool_->Cancel(job));
  EXPECT_EQ(loop_.refs().count(RefKind::kJob), 2u);
  gate_.Open();
  loop_.Run();
  EXPECT_EQ(loop_.refs().count(RefKind::kJob), 0u);
}

TEST_P(WorkersTest, Rule27CompletionsOfAWakeUpAreOneBatchAndEachDrainsOnItsOwn) {
  Pool(1);
  for (const char* name : {"a", "b"}) {
    Submit(Make(name, {}, [this, name] { loop_.NextTick(Note(std::string("tick of ") + name)); }));
  }
  Settle();
  loop_.SetImmediate(Note("immediate"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"a", "tick of a", "b", "tick of b", "immediate"}));
}

TEST_P(WorkersTest, Rule27JobsThatEndDuringABatchWaitForTheNextPoll) {
  Pool(1);
  NotedJob& second = Make("second");
  Submit(Make("first", {}, [this, &second] {
    Submit(second);
    Settle();
    loop_.SetImmediate(Note("immediate"));
    loop_.OpenHandle()->Close(Note("close"));
    loop_.SetTimeout(milliseconds(1), Note("timer"));
    Block(milliseconds(5));
  }));
  Settle();
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"first", "immediate", "close", "timer", "second"}));
}

TEST_P(WorkersTest, Rule27CompletionsComeInTheOrderInWhichTheJobsEnded) {
  Pool(2);
  NotedJob& late = AtGate("late");
  Submit(late);
  while (gate_.blocked() == 0) std::this_thread::yield();
  Submit(Make("early"));
  Settle();
  gate_.Open();
  Settle();
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"early", "late"}));
}

TEST_P(WorkersTest, Rule28JobEndsInTheContextInWhichItWasSubmitted) {
  Pool(1);
  const auto a = MakeRef<Store>("A");
  {
    const ContextScope scope(a.get());
    Submit(Make("job", {}, [this] { Add(CurrentStore()); }));
  }
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"job", "A"}));
}

TEST_P(WorkersTest, PoolHasNeverMoreThreadsThanItsNumber) {
  Pool(2);
  for (int i = 0; i < 50; ++i) Submit(AtGate(std::to_string(i)));
  while (gate_.blocked() < 2) std::this_thread::yield();
  EXPECT_EQ(pool_->stats().running, 2u);
  EXPECT_EQ(pool_->stats().queued, 48u);
  EXPECT_EQ(pool_->stats().threads, 2u);
  for (int i = 0; i < 50; ++i) gate_.Open();
  loop_.Run();
  EXPECT_EQ(trace_.size(), 50u);
}

}  // namespace
}  // namespace rota
