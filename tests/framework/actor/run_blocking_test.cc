#include "framework/actor/run_blocking.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "framework/actor/task.h"
#include "framework/actor/task_run.h"
#include "framework/base/callback.h"
#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/base/status_or.h"
#include "framework/base/steady_clock.h"
#include "framework/context/request_context.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/worker/worker_pool.h"

namespace rota {
namespace {

class RunBlockingTest : public ::testing::Test {
 protected:
  // Runs `task` under `context_` to its end.
  template <typename T>
  Outcome<T> Run(Task<T> task) {
    std::optional<Outcome<T>> outcome;
    {
      const ContextScope scope(context_.get());
      StartTask(std::move(task), UniqueFunction<void(Outcome<T>)>([&](Outcome<T> ended) { outcome.emplace(std::move(ended)); }));
    }
    loop_.Run();
    EXPECT_TRUE(outcome.has_value());
    return *std::move(outcome);
  }
  Ref<RequestContext> NewContext(WorkerPool* workers, TimePoint deadline = kNoDeadline) {
    return MakeRef<RequestContext>(loop_, RequestContext::Start{.id = "r", .deadline = deadline, .workers = workers});
  }
  // Keeps the only thread busy until `release_` is set.
  Task<void> Hold() {
    co_await context_->RunBlocking([this] {
      held_.set_value();
      release_.get_future().wait();
    });
  }

  SteadyClock clock_;
  EventLoop loop_{clock_};
  WorkerPool pool_{loop_, {.threads = 1}};
  Ref<RequestContext> context_ = NewContext(&pool_);
  std::promise<void> held_;
  std::promise<void> release_;
};

Task<std::thread::id> ThreadOf(RequestContext& context) {
  co_return co_await context.RunBlocking([] { return std::this_thread::get_id(); });
}

TEST_F(RunBlockingTest, TheFunctionRunsOnAnotherThreadUnderTheSameContext) {
  const auto thread = Run(ThreadOf(*context_));
  ASSERT_TRUE(thread.ok());
  EXPECT_NE(*thread, std::this_thread::get_id());
  const auto same = Run([](RequestContext& context) -> Task<bool> {
    co_return co_await context.RunBlocking([&context] { return RequestContext::Current() == &context; });
  }(*context_));
  EXPECT_TRUE(*same);
}

TEST_F(RunBlockingTest, AStatusThatIsReturnedFailsTheWait) {
  bool went_on = false;
  const auto task = [&](RequestContext& context) -> Task<int> {
    co_await context.RunBlocking([] { return NotFoundError("no file 'a'"); });
    went_on = true;
    co_return 1;
  };
  EXPECT_EQ(Run(task(*context_)).status(), NotFoundError("no file 'a'"));
  EXPECT_FALSE(went_on);
  const auto value = [](RequestContext& context) -> Task<std::string> {
    co_return co_await context.RunBlocking([]() -> StatusOr<std::string> { return std::string("text"); });
  };
  EXPECT_EQ(*Run(value(*context_)), "text");
}

TEST_F(RunBlockingTest, AnExceptionComesBackAsThatException) {
  const auto task = [](RequestContext& context) -> Task<std::string> {
    try {
      co_await context.RunBlocking([] { throw std::runtime_error("disk on fire"); });
    } catch (const std::runtime_error& error) {
      co_return std::string(error.what());
    }
    co_return std::string("nothing was thrown");
  };
  EXPECT_EQ(*Run(task(*context_)), "disk on fire");
}

TEST_F(RunBlockingTest, WithoutAPoolItFails) {
  context_ = NewContext(nullptr);
  EXPECT_EQ(Run(ThreadOf(*context_)).status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(RunBlockingTest, CancelledInTheQueueItEndsAtOnceAndTheFunctionNeverRuns) {
  StartTask(Hold(), UniqueFunction<void(Outcome<void>)>([](Outcome<void>) {}));
  held_.get_future().wait();
  const Ref<RequestContext> queued = NewContext(&pool_);
  bool ran = false;
  Status status;
  // Outlives its coroutine.
  const auto wait = [&]() -> Task<void> { co_await queued->RunBlocking([&] { ran = true; }); };
  {
    const ContextScope scope(queued.get());
    StartTask(wait(),
              UniqueFunction<void(Outcome<void>)>([&](Outcome<void> ended) { status = std::move(ended); }));
  }
  loop_.SetImmediate([&] { queued->Cancel(CancelledError("the caller left")); });
  loop_.RunOnce();
  EXPECT_EQ(status, CancelledError("the caller left"));
  release_.set_value();
  loop_.Run();
  EXPECT_FALSE(ran);
}

TEST_F(RunBlockingTest, CancelledWhileItRunsItIsWaitedFor) {
  Status status;
  {
    const ContextScope scope(context_.get());
    StartTask(Hold(), UniqueFunction<void(Outcome<void>)>([&](Outcome<void> ended) { status = std::move(ended); }));
  }
  held_.get_future().wait();
  loop_.SetImmediate([this] { context_->Cancel(CancelledError("the caller left")); });
  loop_.RunOnce();
  EXPECT_TRUE(status.ok());
  release_.set_value();
  loop_.Run();
  EXPECT_EQ(status, CancelledError("the caller left"));
}

}  // namespace
}  // namespace rota
