#include "framework/actor/task_run.h"

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "framework/actor/sleep.h"
#include "framework/actor/task.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"
#include "tests/framework/actor/task_probes.h"

namespace rota {
namespace {

using std::chrono::hours;

Task<int> Throws() {
  throw std::runtime_error("boom");
  co_return 0;
}

class TaskRunTest : public testing::Test {
 protected:
  ManualClock clock_;
  EventLoop loop_{clock_};
  std::vector<std::string> words_;
};

TEST_F(TaskRunTest, AnExceptionIsInternalAndHandedOver) {
  std::optional<StatusOr<int>> told;
  StartTask<int>(Throws(), [&](StatusOr<int> outcome) { told.emplace(std::move(outcome)); });
  EXPECT_EQ(told->status().code(), StatusCode::kInternal);
  std::exception_ptr seen;
  TaskRun<int> run;
  run.Start(Throws(), [&](StatusOr<int>, std::exception_ptr exception) { seen = exception; });
  EXPECT_THROW(std::rethrow_exception(seen), std::runtime_error);
}

TEST_F(TaskRunTest, AResultThatIsThereAtOnceIsToldBeforeStartReturns) {
  int told = 0;
  TaskRun<int> run;
  run.Start(Task<int>(7), [&](StatusOr<int> outcome, std::exception_ptr exception) {
    EXPECT_FALSE(exception);
    told = *outcome;
  });
  EXPECT_EQ(told, 7);
}

TEST_F(TaskRunTest, ItMayBeDestroyedByWhomItTellsAfterTheFramesAreGone) {
  auto task = [&]() -> Task<void> {
    const Mark mark(words_, "frame");
    co_await Sleep(loop_, hours(1));
  };
  auto run = std::make_unique<TaskRun<void>>();
  run->Start(task(), [&](Status status, std::exception_ptr) {
    EXPECT_TRUE(status.ok());
    words_.push_back("done");
    run.reset();
  });
  loop_.Run();
  EXPECT_EQ(words_, (std::vector<std::string>{"frame", "done"}));
}

TEST_F(TaskRunTest, DestroyingARunTakesItsWaitBack) {
  auto task = [&]() -> Task<void> {
    const Mark mark(words_, "destroyed");
    co_await Sleep(loop_, hours(1));
    words_.push_back("slept");
  };
  auto run = std::make_unique<TaskRun<void>>();
  run->Start(task(), [&](Status, std::exception_ptr) { words_.push_back("done"); });
  EXPECT_TRUE(loop_.alive());
  run.reset();
  EXPECT_FALSE(loop_.alive());
  loop_.Run();
  EXPECT_EQ(words_, (std::vector<std::string>{"destroyed"}));
}

TEST_F(TaskRunTest, DestroyingARunWhoseWaitIsOverTakesTheMicrotaskBack) {
  Gate* gate = nullptr;
  auto task = [&]() -> Task<void> {
    co_await Gate(loop_, gate);
    words_.push_back("went on");
  };
  auto run = std::make_unique<TaskRun<void>>();
  run->Start(task(), [&](Status, std::exception_ptr) { words_.push_back("done"); });
  gate->Open();
  EXPECT_EQ(loop_.queued_microtasks(), 1u);
  run.reset();
  loop_.Run();
  EXPECT_TRUE(words_.empty());
}

}  // namespace
}  // namespace rota
