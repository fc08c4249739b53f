#include "framework/context/request_context.h"

#include <string>
#include <vector>

#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/context/cancellation.h"
#include "framework/loop/compatibility.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::milliseconds;

class Waiter final : public CancelNode {
 public:
  void OnCancelled(const Status& status) override { seen.push_back(status.code()); }
  std::vector<StatusCode> seen;
};

class RequestContextTest : public testing::Test {
 protected:
  Ref<RequestContext> New(TimePoint deadline = kNoDeadline) {
    RequestContext::Start start;
    start.id = "r1";
    start.deadline = deadline;
    start.trace_parent = TraceParent::Generate();
    return MakeRef<RequestContext>(loop_, std::move(start));
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
};

TEST_F(RequestContextTest, DeadlineCancelsOnceAndNotBefore) {
  const auto context = New(clock_.Now() + milliseconds(10));
  Waiter waiter;
  context->Subscribe(waiter);
  loop_.SetTimeout(milliseconds(9), [&] { EXPECT_FALSE(context->cancelled()); });
  loop_.SetTimeout(milliseconds(11), [&] { EXPECT_TRUE(context->cancelled()); });
  loop_.Run();
  EXPECT_EQ(waiter.seen, (std::vector<StatusCode>{StatusCode::kDeadlineExceeded}));
  EXPECT_EQ(context->Remaining(), Duration::zero());
}

// A timer is no longer than 24 days, and `grpc-timeout` may be of 11,000 years.
TEST_F(RequestContextTest, DeadlineBeyondTheLongestTimerIsNotEarly) {
  for (const Compatibility way : {Compatibility::kRota, Compatibility::kNode}) {
    ManualClock clock;
    EventLoop loop(clock, {.compatibility = way});
    RequestContext::Start start;
    start.deadline = clock.Now() + std::chrono::hours(1000);
    const auto context = MakeRef<RequestContext>(loop, std::move(start));
    for (int days = 0; days <= 42; ++days) {
      EXPECT_EQ(context->cancelled(), days == 42) << days;
      clock.Advance(std::chrono::hours(24));
      loop.RunOnce();
    }
  }
}

TEST_F(RequestContextTest, DeadlineKeepsNeitherTheLoopNorTheContextAlive) {
  auto context = New(clock_.Now() + milliseconds(10));
  EXPECT_FALSE(loop_.alive());
  EXPECT_EQ(context->references(), 1u);
  context = nullptr;
  loop_.SetTimeout(milliseconds(20), [] {});
  loop_.Run();
}

TEST_F(RequestContextTest, ContextWhoseDeadlineHasPassedIsBornCancelled) {
  EXPECT_EQ(New(clock_.Now())->status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(New(clock_.Now() + milliseconds(1))->cancelled());
}

TEST_F(RequestContextTest, FirstCancellationCounts) {
  const auto context = New();
  context->Cancel(CancelledError("the peer went away"));
  context->Cancel(DeadlineExceededError("late"));
  EXPECT_EQ(context->status(), CancelledError("the peer went away"));
  Waiter late;
  context->Subscribe(late);
  EXPECT_EQ(late.seen, (std::vector<StatusCode>{StatusCode::kCancelled}));
}

TEST_F(RequestContextTest, WaiterThatIsGoneIsNotCalled) {
  const auto context = New();
  {
    Waiter gone;
    context->Subscribe(gone);
  }
  Waiter waiter;
  context->Subscribe(waiter);
  context->Cancel(CancelledError("test"));
  EXPECT_EQ(waiter.seen.size(), 1u);
}

TEST_F(RequestContextTest, ChildHasTheEarlierDeadlineAndIsCancelledWithItsParent) {
  const auto parent = New(clock_.Now() + milliseconds(50));
  const auto shorter = parent->Child(clock_.Now() + milliseconds(5));
  const auto longer = parent->Child(clock_.Now() + milliseconds(500));
  EXPECT_EQ(shorter->Remaining(), milliseconds(5));
  EXPECT_EQ(longer->deadline(), parent->deadline());
  EXPECT_EQ(shorter->trace_parent().trace_id, parent->trace_parent().trace_id);
  EXPECT_NE(shorter->trace_parent().parent_id, parent->trace_parent().parent_id);
  shorter->Cancel(CancelledError("child only"));
  EXPECT_FALSE(parent->cancelled());
  parent->Cancel(CancelledError("both"));
  EXPECT_EQ(longer->status(), CancelledError("both"));
  EXPECT_TRUE(parent->Child(kNoDeadline)->cancelled());
}

TEST_F(RequestContextTest, ValuesAreTypedAndAChildSeesThemWithoutChangingThem) {
  static const ContextKey<std::string> kTenant;
  static const ContextKey<int> kUnset;
  const auto parent = New();
  parent->Set(kTenant, std::string("acme"));
  const auto child = parent->Child(kNoDeadline);
  EXPECT_EQ(*child->Get(kTenant), "acme");
  child->Set(kTenant, std::string("other"));
  EXPECT_EQ(*parent->Get(kTenant), "acme");
  EXPECT_EQ(child->Get(kUnset), nullptr);
}

}  // namespace
}  // namespace rota
