#include "framework/actor/task.h"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "framework/actor/sleep.h"
#include "framework/actor/task_run.h"
#include "framework/context/request_context.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"
#include "tests/framework/actor/task_probes.h"

namespace rota {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class TaskTest : public testing::Test {
 protected:
  template <typename T>
  Outcome<T> Finish(Task<T> task) {
    std::optional<Outcome<T>> result;
    StartTask<T>(std::move(task), [&](Outcome<T> outcome) { result.emplace(std::move(outcome)); });
    loop_.Run();
    EXPECT_TRUE(result.has_value()) << "the task never ended";
    return *std::move(result);
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  std::vector<std::string> words_;
};

Task<int> Immediate(int value) { return value; }
Task<int> ImmediateError() { return NotFoundError("no file 'a'"); }
Task<int> Returns(int value) { co_return value; }
Task<int> ReturnsError() { co_return NotFoundError("no file 'a'"); }
Task<int> Throws() {
  throw std::runtime_error("boom");
  co_return 0;
}
Task<int> Sum() { co_return co_await Immediate(1) + co_await Returns(2); }
Task<void> Check(bool fails) {
  if (fails) co_await FailedPreconditionError("not ready");
}

TEST_F(TaskTest, GivesAValueThatIsThereAtOnceOrComesFromACoroutine) {
  EXPECT_EQ(*Finish(Immediate(3)), 3);
  EXPECT_EQ(*Finish(Returns(4)), 4);
  EXPECT_EQ(*Finish(Sum()), 3);
}

TEST_F(TaskTest, CarriesAValueThatCanOnlyBeMoved) {
  auto make = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
  auto take = [&]() -> Task<int> { co_return *co_await make(); };
  EXPECT_EQ(*Finish(take()), 7);
}

TEST_F(TaskTest, AnErrorEndsEveryCoroutineThatWaitsForIt) {
  auto inner = [&]() -> Task<int> {
    const Mark mark(words_, "inner");
    co_return co_await ReturnsError();
  };
  auto outer = [&]() -> Task<int> {
    const Mark mark(words_, "outer");
    const int value = co_await inner();
    words_.push_back("not reached");
    co_return value;
  };
  const StatusOr<int> result = Finish(outer());
  EXPECT_EQ(result.status(), NotFoundError("no file 'a'"));
  EXPECT_EQ(words_.size(), 2u);
}

TEST_F(TaskTest, TryStopsAnErrorAfterWhatFailedIsDestroyed) {
  auto inner = [&]() -> Task<int> {
    const Mark mark(words_, "inner destroyed");
    co_return co_await ImmediateError();
  };
  auto outer = [&]() -> Task<std::string> {
    const StatusOr<int> result = co_await Try(inner());
    words_.push_back("outer goes on");
    co_return result.status().ToString();
  };
  EXPECT_EQ(*Finish(outer()), "NOT_FOUND: no file 'a'");
  EXPECT_EQ(words_, (std::vector<std::string>{"inner destroyed", "outer goes on"}));
}

TEST_F(TaskTest, TryGivesTheValueOfATaskThatSucceeds) {
  auto outer = []() -> Task<int> {
    const StatusOr<int> later = co_await Try(Returns(1));
    const StatusOr<int> now = co_await Try(Immediate(2));
    co_return *later + *now;
  };
  EXPECT_EQ(*Finish(outer()), 3);
}

TEST_F(TaskTest, AwaitingAStatusFailsATaskWithoutAValue) {
  EXPECT_EQ(Finish(Check(true)), FailedPreconditionError("not ready"));
  EXPECT_TRUE(Finish(Check(false)).ok());
  auto caught = []() -> Task<bool> { co_return (co_await Try(Check(true))).ok(); };
  EXPECT_FALSE(*Finish(caught()));
}

TEST_F(TaskTest, AwaitingAStatusOrGivesItsValueOrFails) {
  auto task = [](StatusOr<int> from) -> Task<int> { co_return co_await std::move(from) + 1; };
  EXPECT_EQ(*Finish(task(4)), 5);
  EXPECT_EQ(Finish(task(OutOfRangeError("x"))).status(), OutOfRangeError("x"));
}

TEST_F(TaskTest, ExceptionsPassThroughAwaitAndTryAndCanBeCaught) {
  auto through = []() -> Task<int> { co_return *co_await Try(Throws()); };
  auto catches = [&]() -> Task<std::string> {
    try {
      co_return std::to_string(co_await through());
    } catch (const std::runtime_error& error) {
      co_return std::string(error.what());
    }
  };
  EXPECT_EQ(*Finish(catches()), "boom");
}

TEST_F(TaskTest, ATaskStartsOnlyWhenItIsAwaited) {
  auto inner = [&]() -> Task<void> {
    words_.push_back("runs");
    co_return;
  };
  auto outer = [&]() -> Task<void> {
    Task<void> task = inner();
    words_.push_back("made");
    co_await std::move(task);
  };
  EXPECT_TRUE(Finish(outer()).ok());
  EXPECT_EQ(words_, (std::vector<std::string>{"made", "runs"}));
}

TEST_F(TaskTest, SleepGoesOnWhenItsTimeHasPassed) {
  const TimePoint start = clock_.Now();
  auto task = [&]() -> Task<void> {
    co_await Sleep(loop_, hours(1));
    words_.push_back("slept");
  };
  EXPECT_TRUE(Finish(task()).ok());
  EXPECT_EQ(clock_.Now() - start, hours(1));
  EXPECT_EQ(words_.size(), 1u);
}

TEST_F(TaskTest, ACoroutineGoesOnInAMicrotaskAfterItsWaitEnded) {
  Gate* gate = nullptr;
  auto task = [&]() -> Task<void> {
    co_await Gate(loop_, gate);
    words_.push_back("went on");
  };
  TaskRun<void> run;
  run.Start(task(), [](Status, std::exception_ptr) {});
  loop_.SetImmediate([&] {
    gate->Open();
    words_.push_back("opened");
  });
  loop_.Run();
  EXPECT_EQ(words_, (std::vector<std::string>{"opened", "went on"}));
}

TEST_F(TaskTest, ASleepIsListedAmongTheRefsOfTheLoopWithWhoSleeps) {
  auto task = [&]() -> Task<void> { co_await Sleep(loop_, hours(1)); };
  StartTask<void>(task(), [](Status) {});
  ASSERT_EQ(loop_.ListRefs().size(), 1u);
  EXPECT_NE(loop_.ListRefs()[0].owner.find("task_test.cc:"), std::string::npos) << loop_.ListRefs()[0].owner;
  loop_.Run();
  EXPECT_TRUE(loop_.ListRefs().empty());
}

class CancelledTaskTest : public TaskTest {
 protected:
  Ref<RequestContext> MakeContext(TimePoint deadline = kNoDeadline) {
    return MakeRef<RequestContext>(loop_, RequestContext::Start{.id = "r1", .deadline = deadline});
  }
};

TEST_F(CancelledTaskTest, ADeadlineUnwindsTheTaskThatSleeps) {
  const Ref<RequestContext> context = MakeContext(clock_.Now() + milliseconds(10));
  auto task = [&]() -> Task<int> {
    const Mark mark(words_, "unwound");
    co_await Sleep(loop_, hours(1));
    co_return 1;
  };
  std::optional<StatusOr<int>> result;
  {
    const ContextScope scope(context.get());
    StartTask<int>(task(), [&](StatusOr<int> outcome) {
      EXPECT_EQ(RequestContext::Current(), context.get());
      result.emplace(std::move(outcome));
    });
  }
  loop_.Run();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(words_, (std::vector<std::string>{"unwound"}));
}

TEST_F(CancelledTaskTest, AWaitInACancelledContextFailsAtOnce) {
  const Ref<RequestContext> context = MakeContext();
  context->Cancel(CancelledError("gone"));
  const ContextScope scope(context.get());
  std::optional<Status> result;
  auto task = [&]() -> Task<void> { co_await Sleep(loop_, hours(1)); };
  StartTask<void>(task(), [&](Status status) { result = std::move(status); });
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, CancelledError("gone"));
  EXPECT_FALSE(loop_.alive());
}

TEST_F(CancelledTaskTest, TryOfAWaitTellsWhyItEndedAndTheTaskGoesOn) {
  const Ref<RequestContext> context = MakeContext();
  Status seen;
  bool ended = false;
  auto task = [&]() -> Task<void> {
    seen = co_await Try(Sleep(loop_, hours(1)));
    EXPECT_EQ(RequestContext::Current(), context.get());
  };
  {
    const ContextScope scope(context.get());
    StartTask<void>(task(), [&](Status status) { ended = status.ok(); });
  }
  loop_.SetTimeout(milliseconds(5), [&] { context->Cancel(CancelledError("gone")); });
  loop_.Run();
  EXPECT_EQ(seen, CancelledError("gone"));
  EXPECT_TRUE(ended);
}

TEST_F(CancelledTaskTest, ACoroutineGoesOnInItsOwnContext) {
  const Ref<RequestContext> first = MakeContext();
  const Ref<RequestContext> second = MakeContext();
  int checked = 0;
  auto task = [&](RequestContext* own) -> Task<void> {
    for (int i = 0; i < 100; ++i) {
      co_await Sleep(loop_, milliseconds(1));
      EXPECT_EQ(RequestContext::Current(), own);
      ++checked;
    }
  };
  for (const Ref<RequestContext>& context : {first, second}) {
    const ContextScope scope(context.get());
    StartTask<void>(task(context.get()), [](Status) {});
  }
  loop_.Run();
  EXPECT_EQ(checked, 200);
}

TEST_F(TaskTest, ALongChainOfAwaitsNeedsNoStack) {
  auto step = [](int i) -> Task<int> { co_return i; };
  auto loop = [&]() -> Task<int> {
    int last = 0;
    for (int i = 0; i < 200000; ++i) last = co_await step(i);
    co_return last;
  };
  EXPECT_EQ(*Finish(loop()), 199999);
}

}  // namespace
}  // namespace rota
