#include "framework/worker/loop_wait.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "framework/base/clock.h"
#include "framework/base/status.h"
#include "framework/base/status_or.h"
#include "framework/context/request_context.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "framework/worker/job.h"
#include "framework/worker/worker_pool.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class FunctionJob final : public Job {
 public:
  explicit FunctionJob(std::function<void()> run) : run_(std::move(run)) {}
  void Run() override { run_(); }
  void Done(const Status& status) override { ended = status; }
  std::optional<Status> ended;

 private:
  const std::function<void()> run_;
};

class LoopWaitTest : public testing::Test {
 protected:
  // Runs `run` as a job under `context`, and the loop to its end.
  void RunInJob(std::function<void()> run, RequestContext* context = nullptr) {
    FunctionJob job(std::move(run));
    {
      const ContextScope scope(context);
      ASSERT_TRUE(pool_.Submit(job).ok());
    }
    loop_.Run();
    EXPECT_EQ(job.ended, OkStatus());
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  WorkerPool pool_{loop_, {.threads = 1}};
  // The wait of the job, where the loop answers it later.
  std::optional<LoopPromise<int>> promise_;
};

TEST_F(LoopWaitTest, TheLoopRunsTheStartAndTheJobGetsTheValue) {
  std::optional<StatusOr<int>> answer;
  RunInJob([&] {
    EXPECT_TRUE(InJob());
    answer = WaitOnLoop<int>([&](LoopPromise<int> promise) {
      EXPECT_TRUE(loop_.InLoopThread());
      EXPECT_TRUE(promise.is_awaited());
      promise_.emplace(std::move(promise));
      loop_.SetTimeout(hours(1), [&] { promise_->Set(7); });
    });
  });
  ASSERT_TRUE(answer && answer->ok());
  EXPECT_EQ(**answer, 7);
  EXPECT_FALSE(promise_->is_awaited());
  EXPECT_FALSE(InJob());
}

TEST_F(LoopWaitTest, TheFirstAnswerCounts) {
  std::optional<StatusOr<int>> answer;
  RunInJob([&] {
    answer = WaitOnLoop<int>([](LoopPromise<int> promise) {
      promise.Set(NotFoundError("nothing"));
      EXPECT_FALSE(promise.is_awaited());
      promise.Set(7);
    });
  });
  EXPECT_EQ(answer->status(), NotFoundError("nothing"));
}

TEST_F(LoopWaitTest, WithoutAValueTheAnswerIsAStatus) {
  Status answer = InternalError("none");
  RunInJob([&] { answer = WaitOnLoop<void>([](LoopPromise<void> promise) { promise.Set(OkStatus()); }); });
  EXPECT_EQ(answer, OkStatus());
}

TEST_F(LoopWaitTest, APromiseThatIsDroppedIsCancelled) {
  std::optional<StatusOr<int>> answer;
  RunInJob([&] { answer = WaitOnLoop<int>([](const LoopPromise<int>&) {}); });
  EXPECT_EQ(answer->status(), CancelledError("the promise of the loop to a job was dropped"));
}

TEST_F(LoopWaitTest, TheDeadlineEndsTheWaitAndWhatComesLaterIsDropped) {
  const TimePoint start = loop_.Now();
  std::optional<StatusOr<int>> answer;
  RunInJob([&] {
    answer = WaitOnLoopUntil<int>(start + seconds(5), [&](LoopPromise<int> promise) { promise_.emplace(std::move(promise)); });
  });
  EXPECT_EQ(answer->status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(loop_.Now() - start, seconds(5));
  promise_->Set(7);
  EXPECT_EQ(answer->status().code(), StatusCode::kDeadlineExceeded);
}

TEST_F(LoopWaitTest, TheStartRunsUnderTheContextOfTheJobWhoseCancellationEndsTheWait) {
  const Ref<RequestContext> context = MakeRef<RequestContext>(loop_, RequestContext::Start{});
  std::optional<StatusOr<int>> answer;
  RunInJob([&] {
    answer = WaitOnLoop<int>([&](LoopPromise<int> promise) {
      EXPECT_EQ(RequestContext::Current(), context.get());
      promise_.emplace(std::move(promise));
      loop_.SetTimeout(seconds(1), [&] { context->Cancel(CancelledError("the client has gone")); });
    });
  }, context.get());
  EXPECT_EQ(answer->status(), CancelledError("the client has gone"));
}

TEST_F(LoopWaitTest, AJobSleepsInTheTimeOfTheLoop) {
  const TimePoint start = loop_.Now();
  Status answer = InternalError("none");
  RunInJob([&] { answer = SleepOnFiber(microseconds(1500)); });
  EXPECT_EQ(answer, OkStatus());
  EXPECT_EQ(loop_.Now() - start, milliseconds(2));
}

}  // namespace
}  // namespace rota
