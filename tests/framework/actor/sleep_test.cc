#include "framework/actor/sleep.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "framework/actor/task.h"
#include "framework/actor/task_run.h"
#include "framework/base/status.h"
#include "framework/base/status_or.h"
#include "framework/context/request_context.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

class SleepTest : public testing::Test {
 protected:
  Task<Duration> Doze(Duration delay) {
    const TimePoint start = loop_.Now();
    co_await Sleep(loop_, delay);
    co_return loop_.Now() - start;
  }
  void Start(TaskRun<Duration>& run, Duration delay) {
    run.Start(Doze(delay), [this](StatusOr<Duration> slept, std::exception_ptr) { slept_.emplace(std::move(slept)); });
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  std::optional<StatusOr<Duration>> slept_;
};

TEST_F(SleepTest, GoesOnAfterTheDelayRoundedUpAsTimersAre) {
  TaskRun<Duration> run;
  Start(run, microseconds(1500));
  loop_.Run();
  ASSERT_TRUE(slept_ && slept_->ok());
  EXPECT_EQ(**slept_, milliseconds(2));
}

TEST_F(SleepTest, IsARefOfTheLoopWithTheSourceThatSleeps) {
  TaskRun<Duration> run;
  Start(run, hours(1));
  const std::vector<RefEntry> refs = loop_.ListRefs();
  ASSERT_EQ(refs.size(), 1u);
  EXPECT_EQ(refs[0].kind, RefKind::kTimer);
  EXPECT_NE(refs[0].owner.find("sleep_test.cc:"), std::string::npos) << refs[0].owner;
}

TEST_F(SleepTest, FailsWithTheStatusOfARequestThatIsCancelled) {
  const Ref<RequestContext> context = MakeRef<RequestContext>(loop_, RequestContext::Start{});
  TaskRun<Duration> run;
  {
    const ContextScope scope(context.get());
    Start(run, hours(1));
  }
  const TimePoint start = loop_.Now();
  loop_.SetTimeout(milliseconds(5), [&] { context->Cancel(CancelledError("the client has gone")); });
  loop_.Run();
  ASSERT_TRUE(slept_);
  EXPECT_EQ(slept_->status(), CancelledError("the client has gone"));
  EXPECT_EQ(loop_.Now() - start, milliseconds(5)) << "its timer is still there";
}

TEST_F(SleepTest, TheTimerGoesWithACoroutineThatIsDestroyed) {
  {
    TaskRun<Duration> run;
    Start(run, hours(1));
    EXPECT_TRUE(loop_.alive());
  }
  EXPECT_FALSE(loop_.alive());
  EXPECT_FALSE(slept_);
}

}  // namespace
}  // namespace rota
