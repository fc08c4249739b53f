#include "framework/actor/waiter.h"

#include <gtest/gtest.h>

#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "framework/actor/task.h"
#include "framework/actor/task_run.h"
#include "framework/context/request_context.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"

namespace rota {
namespace {

class WaiterTest : public testing::Test {
 protected:
  // A wait that the test ends.
  class Manual final : public Waiter {
   public:
    explicit Manual(WaiterTest& test) : Waiter(test.loop_), test_(test) { test_.waiter_ = this; }
    ~Manual() override { test_.waiter_ = nullptr; }
    int await_resume() { return 7; }
    using Waiter::Complete;

   private:
    bool Ready() override { return test_.ready_; }
    Status Start() override {
      ++test_.starts_;
      return test_.start_;
    }
    void Abandon(const Status& status) override {
      if (test_.abandons_at_once_) return Complete(status);
      test_.abandoned_ = status;
    }
    WaiterTest& test_;
  };

  Task<int> Wait() {
    const int value = co_await Manual(*this);
    resumed_in_ = RequestContext::Current();
    co_return value;
  }
  Task<std::string> TryWait() {
    const StatusOr<int> result = co_await Try(Manual(*this));
    co_return result.ok() ? std::to_string(*result) : std::string(result.status().message());
  }
  void Start(RequestContext* context = nullptr) {
    const ContextScope scope(context);
    run_.Start(Wait(), [this](StatusOr<int> result, std::exception_ptr) { result_.emplace(std::move(result)); });
  }
  Ref<RequestContext> NewContext() { return MakeRef<RequestContext>(loop_, RequestContext::Start{}); }

  ManualClock clock_;
  EventLoop loop_{clock_};
  bool ready_ = false;
  bool abandons_at_once_ = true;
  Status start_;
  int starts_ = 0;
  std::optional<Status> abandoned_;
  Manual* waiter_ = nullptr;
  const RequestContext* resumed_in_ = nullptr;
  TaskRun<int> run_;
  std::optional<StatusOr<int>> result_;
};

TEST_F(WaiterTest, TheCoroutineGoesOnInAMicrotaskAndNotInComplete) {
  Start();
  EXPECT_EQ(starts_, 1);
  EXPECT_FALSE(result_);
  waiter_->Complete();
  EXPECT_FALSE(result_);
  loop_.Run();
  ASSERT_TRUE(result_);
  EXPECT_EQ(**result_, 7);
}

TEST_F(WaiterTest, WhatIsReadyIsNotWaitedFor) {
  ready_ = true;
  Start();
  ASSERT_TRUE(result_);
  EXPECT_EQ(**result_, 7);
  EXPECT_EQ(starts_, 0);
}

TEST_F(WaiterTest, AnErrorOfTheStartIsHowTheWaitEnds) {
  start_ = ResourceExhaustedError("the queue is full");
  Start();
  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->status(), start_);
  EXPECT_EQ(waiter_, nullptr);
}

TEST_F(WaiterTest, AWaitThatEndsWithAnErrorUnwindsTheCoroutine) {
  Start();
  waiter_->Complete(NotFoundError("no file 'a'"));
  loop_.Run();
  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->status(), NotFoundError("no file 'a'"));
  EXPECT_EQ(waiter_, nullptr);
}

TEST_F(WaiterTest, TryGivesTheErrorInsteadOfUnwinding) {
  std::string said;
  StartTask<std::string>(TryWait(), [&](StatusOr<std::string> result) { said = *result; });
  waiter_->Complete(NotFoundError("no file 'a'"));
  loop_.Run();
  EXPECT_EQ(said, "no file 'a'");
  StartTask<std::string>(TryWait(), [&](StatusOr<std::string> result) { said = *result; });
  waiter_->Complete();
  loop_.Run();
  EXPECT_EQ(said, "7");
}

TEST_F(WaiterTest, InACancelledContextNothingBeginsNotEvenWhatIsReady) {
  const Ref<RequestContext> context = NewContext();
  context->Cancel(CancelledError("the caller left"));
  ready_ = true;
  Start(context.get());
  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->status(), CancelledError("the caller left"));
  EXPECT_EQ(starts_, 0);
}

TEST_F(WaiterTest, AWaitThatIsCancelledFailsWithTheReason) {
  const Ref<RequestContext> context = NewContext();
  Start(context.get());
  context->Cancel(CancelledError("the caller left"));
  EXPECT_FALSE(result_);
  loop_.Run();
  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->status(), CancelledError("the caller left"));
}

TEST_F(WaiterTest, AWaitThatCannotStopAtOnceEndsWhenItCan) {
  abandons_at_once_ = false;
  const Ref<RequestContext> context = NewContext();
  Start(context.get());
  context->Cancel(CancelledError("the caller left"));
  loop_.Run();
  EXPECT_EQ(abandoned_, CancelledError("the caller left"));
  EXPECT_FALSE(result_);
  waiter_->Complete(*abandoned_);
  loop_.Run();
  EXPECT_EQ(result_->status(), CancelledError("the caller left"));
}

TEST_F(WaiterTest, CancellingAfterTheWaitHasEndedChangesNothing) {
  const Ref<RequestContext> context = NewContext();
  Start(context.get());
  waiter_->Complete();
  context->Cancel(CancelledError("the caller left"));
  loop_.Run();
  ASSERT_TRUE(result_ && result_->ok());
}

TEST_F(WaiterTest, TheCoroutineGoesOnInTheContextInWhichItWaits) {
  const Ref<RequestContext> mine = NewContext(), other = NewContext();
  Start(mine.get());
  {
    const ContextScope scope(other.get());
    waiter_->Complete();
  }
  loop_.Run();
  EXPECT_EQ(resumed_in_, mine.get());
  EXPECT_EQ(RequestContext::Current(), nullptr);
}

TEST_F(WaiterTest, DestroyingTheCoroutineTakesBackWhatItWasAboutToDo) {
  Start();
  waiter_->Complete();
  run_.Destroy();
  EXPECT_EQ(waiter_, nullptr);
  loop_.Run();
  EXPECT_FALSE(result_);
}

}  // namespace
}  // namespace rota
