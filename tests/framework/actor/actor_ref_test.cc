#include "framework/actor/actor_ref.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "framework/actor/actor_system.h"
#include "framework/actor/sleep.h"
#include "framework/actor/task.h"
#include "framework/actor/task_run.h"
#include "framework/base/log.h"
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
using std::chrono::seconds;

class Echo final : public Actor {};

class ActorRefTest : public testing::Test {
 protected:
  ActorRefTest() {
    SetLogLevel(LogLevel::kOff);
    KindOptions options;
    options.name = "echo";
    options.factory = [](const std::string&) { return std::make_unique<Echo>(); };
    EXPECT_TRUE(system_.RegisterKind(std::move(options)).ok());
  }
  ~ActorRefTest() override { SetLogLevel(LogLevel::kInfo); }

  ActorRef<Echo> Get(std::string_view kind = "echo") { return system_.Get<Echo>(kind, "key"); }
  Ref<RequestContext> NewContext(TimePoint deadline = kNoDeadline) {
    return MakeRef<RequestContext>(loop_, RequestContext::Start{.id = "request 7", .deadline = deadline});
  }
  // Asks under `context`; the answer is in answer_.
  template <typename F>
  void Ask(ActorRef<Echo> ref, F function, Duration timeout = hours(1), RequestContext* context = nullptr) {
    auto ask = [](ActorRef<Echo> to, F asked, Duration limit) -> Task<std::string> { co_return co_await to.Ask(std::move(asked), limit); };
    const ContextScope scope(context);
    StartTask<std::string>(ask(std::move(ref), std::move(function), timeout), [this](StatusOr<std::string> answer) { answer_ = std::move(answer); });
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  ActorSystem system_{loop_, nullptr};
  std::optional<StatusOr<std::string>> answer_;
};

TEST_F(ActorRefTest, HoldingOneStartsNothing) {
  const ActorRef<Echo> ref = Get();
  EXPECT_EQ(ref.key(), "key");
  EXPECT_FALSE(loop_.alive());
}

TEST_F(ActorRefTest, AnAskRunsInAChildOfTheRequestWithTheEarlierDeadline) {
  const TimePoint start = loop_.Now();
  const Ref<RequestContext> context = NewContext(start + hours(2));
  TimePoint deadline{};
  RequestContext* seen = nullptr;
  const auto function = [&](Echo& actor, RequestContext& current) -> Task<std::string> {
    deadline = current.deadline();
    seen = &current;
    return actor.key() + " for " + std::string(current.id());
  };
  Ask(Get(), function, seconds(5), context.get());
  loop_.Run();
  ASSERT_TRUE(answer_ && answer_->ok());
  EXPECT_EQ(**answer_, "key for request 7");
  EXPECT_EQ(deadline, start + seconds(5));
  EXPECT_NE(seen, context.get());
  Ask(Get(), function, hours(5), context.get());
  loop_.Run();
  EXPECT_EQ(deadline, start + hours(2));
}

TEST_F(ActorRefTest, AnAskFailsWithWhatTheTurnFailedWith) {
  Ask(Get(), [](Echo&, RequestContext&) -> Task<std::string> { co_return co_await StatusOr<std::string>(NotFoundError("no such word")); });
  loop_.Run();
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->status(), NotFoundError("no such word"));
}

TEST_F(ActorRefTest, AnAskEndsWithItsTimeoutWhenTheTurnHasUnwound) {
  const TimePoint start = loop_.Now();
  bool unwound = false;
  Ask(Get(), [&](Echo&, RequestContext& context) -> Task<std::string> {
    const struct End {
      ~End() { unwound = true; }
      bool& unwound;
    } end{unwound};
    co_await Sleep(context, hours(1));
    co_return "late";
  }, seconds(5));
  loop_.Run();
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(unwound);
  EXPECT_EQ(loop_.Now() - start, seconds(5));
}

TEST_F(ActorRefTest, ATellKeepsTheIdAndNotTheDeadlineOrTheCancellation) {
  const Ref<RequestContext> context = NewContext(loop_.Now() + seconds(1));
  std::string id;
  TimePoint deadline{};
  bool ended = false;
  {
    const ContextScope scope(context.get());
    EXPECT_TRUE(Get().Tell([&](Echo&, RequestContext& current) -> Task<void> {
      id = current.id();
      deadline = current.deadline();
      co_await Sleep(current, seconds(10));
      ended = true;
    }).ok());
  }
  context->Cancel(CancelledError("the client has gone"));
  loop_.Run();
  EXPECT_EQ(id, "request 7");
  EXPECT_EQ(deadline, kNoDeadline);
  EXPECT_TRUE(ended);
}

TEST_F(ActorRefTest, WithoutARequestAnAskAndATellHaveContextsOfTheirOwn) {
  bool told = false;
  Ask(Get(), [](Echo&, RequestContext& current) -> Task<std::string> { return std::string(current.id().empty() ? "no id" : "an id"); });
  EXPECT_TRUE(Get().Tell([&](Echo&, RequestContext& current) -> Task<void> {
    told = RequestContext::Current() == &current;
    co_return;
  }).ok());
  loop_.Run();
  ASSERT_TRUE(answer_ && answer_->ok());
  EXPECT_TRUE(told);
}

TEST_F(ActorRefTest, AnUnknownKindIsNotFoundWhenItIsUsed) {
  const ActorRef<Echo> ref = Get("nobody");
  EXPECT_EQ(ref.Tell([](Echo&, RequestContext&) -> Task<void> { co_return; }), NotFoundError("no actor of kind 'nobody'"));
  Ask(ref, [](Echo&, RequestContext&) -> Task<std::string> { return std::string(); });
  loop_.Run();
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->status(), NotFoundError("no actor of kind 'nobody'"));
}

}  // namespace
}  // namespace rota
