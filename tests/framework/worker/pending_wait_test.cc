#include "framework/worker/pending_wait.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/context/request_context.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "framework/worker/job.h"
#include "framework/worker/worker_pool.h"

namespace rota::internal {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

// A wait of which the test decides how it is answered.
class TestWait final : public LoopWait {
 public:
  TestWait(TimePoint deadline, std::function<void(Ref<PendingWait>)> begin) : LoopWait(deadline), begin_(std::move(begin)) {}
  void Begin(Ref<PendingWait> pending) override {
    ++begins;
    begin_(std::move(pending));
  }
  void Fail(Status status) override { answer = std::move(status); }

  int begins = 0;
  std::optional<Status> answer;

 private:
  std::function<void(Ref<PendingWait>)> begin_;
};

// A job that waits once.
class WaitingJob final : public Job {
 public:
  explicit WaitingJob(TestWait& wait) : wait_(wait) {}
  void Run() override {
    SuspendJob(wait_);
    went_on = true;
  }
  void Done(const Status& status) override { ended = status; }
  bool went_on = false;
  std::optional<Status> ended;

 private:
  TestWait& wait_;
};

class PendingWaitTest : public testing::Test {
 protected:
  static void Answer(PendingWait& pending, Status status = OkStatus()) {
    pending.wait()->Fail(std::move(status));
    pending.Resolve();
  }
  Ref<RequestContext> NewContext() { return MakeRef<RequestContext>(loop_, RequestContext::Start{}); }
  // Runs a job that waits, under `context`.
  void Run(TestWait& wait, RequestContext* context = nullptr) {
    WaitingJob job(wait);
    {
      const ContextScope scope(context);
      ASSERT_TRUE(pool_.Submit(job).ok());
    }
    loop_.Run();
    EXPECT_TRUE(job.went_on);
    EXPECT_EQ(job.ended, OkStatus());
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  WorkerPool pool_{loop_, {.threads = 1}};
  Ref<PendingWait> pending_;
};

TEST_F(PendingWaitTest, TheJobGoesOnWithAnAnswerThatComesLater) {
  TestWait wait(kNoDeadline, [&](Ref<PendingWait> pending) {
    EXPECT_TRUE(loop_.InLoopThread());
    pending_ = std::move(pending);
    loop_.SetTimeout(hours(1), [&] { Answer(*pending_); });
  });
  Run(wait);
  EXPECT_EQ(wait.begins, 1);
  EXPECT_EQ(wait.answer, OkStatus());
  EXPECT_EQ(pending_->wait(), nullptr);
}

TEST_F(PendingWaitTest, TheJobGoesOnWithAnAnswerThatIsThereAtOnce) {
  TestWait wait(kNoDeadline, [&](const Ref<PendingWait>& pending) { Answer(*pending, NotFoundError("nothing")); });
  Run(wait);
  EXPECT_EQ(wait.answer, NotFoundError("nothing"));
}

TEST_F(PendingWaitTest, ADeadlineThatPassesIsTheAnswer) {
  const TimePoint start = loop_.Now();
  TestWait wait(start + seconds(5), [&](Ref<PendingWait> pending) { pending_ = std::move(pending); });
  Run(wait);
  ASSERT_TRUE(wait.answer);
  EXPECT_EQ(wait.answer->code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(loop_.Now(), start + seconds(5));
  // What comes too late does nothing.
  pending_->Fail(InternalError("late"));
  EXPECT_EQ(wait.answer->code(), StatusCode::kDeadlineExceeded);
}

TEST_F(PendingWaitTest, AnAnswerInTimeTakesTheDeadlineAway) {
  const TimePoint start = loop_.Now();
  TestWait wait(start + hours(5), [&](Ref<PendingWait> pending) {
    pending_ = std::move(pending);
    loop_.SetTimeout(seconds(1), [&] { Answer(*pending_); });
  });
  Run(wait);
  EXPECT_EQ(wait.answer, OkStatus());
  EXPECT_LT(loop_.Now(), start + hours(1));
}

TEST_F(PendingWaitTest, ARequestThatIsCancelledEndsTheWaitOfItsJob) {
  const Ref<RequestContext> context = NewContext();
  TestWait wait(kNoDeadline, [&](Ref<PendingWait> pending) {
    pending_ = std::move(pending);
    EXPECT_EQ(RequestContext::Current(), context.get());
    loop_.SetTimeout(seconds(1), [&] { context->Cancel(CancelledError("the caller left")); });
  });
  Run(wait, context.get());
  EXPECT_EQ(wait.answer, CancelledError("the caller left"));
}

TEST_F(PendingWaitTest, TheEndOfThePoolEndsTheWait) {
  TestWait wait(kNoDeadline, [&](Ref<PendingWait> pending) {
    pending_ = std::move(pending);
    loop_.SetTimeout(seconds(1), [&] { pool_.Stop(); });
  });
  Run(wait);
  ASSERT_TRUE(wait.answer);
  EXPECT_FALSE(wait.answer->ok());
}

}  // namespace
}  // namespace rota::internal
