#include "framework/actor/actor_system.h"

#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "framework/actor/actor_ref.h"
#include "framework/actor/sleep.h"
#include "framework/actor/task.h"
#include "framework/actor/task_run.h"
#include "framework/base/log.h"
#include "framework/context/request_context.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

using Words = std::vector<std::string>;

class Recorder final : public Actor {
 public:
  Recorder(Words& words, Status start) : words_(words), start_(std::move(start)) {}
  ~Recorder() override { words_.push_back("destroyed " + key()); }
  Task<void> OnStart(RequestContext& context) override {
    co_await Sleep(context, milliseconds(1));
    words_.push_back("started " + key());
    co_await start_;
  }
  void OnStop() override { words_.push_back("stopped " + key()); }

  Task<int> Slow(RequestContext& context, int value) {
    words_.push_back("begins " + std::to_string(value));
    co_await Sleep(context, milliseconds(10));
    words_.push_back("ends " + std::to_string(value));
    co_return value;
  }
  Task<int> Quick(int value) {
    words_.push_back("quick " + std::to_string(value));
    return value;
  }

 private:
  Words& words_;
  Status start_;
};

class ActorSystemTest : public testing::Test {
 protected:
  ActorSystemTest() { SetLogLevel(LogLevel::kOff); }
  ~ActorSystemTest() override { SetLogLevel(LogLevel::kInfo); }

  KindOptions Options() {
    KindOptions options;
    options.name = "recorder";
    options.factory = [this](const std::string&) {
      ++made_;
      return std::make_unique<Recorder>(words_, start_);
    };
    return options;
  }
  void Register(KindOptions options) { ASSERT_TRUE(system_->RegisterKind(std::move(options)).ok()); }
  ActorRef<Recorder> Get(std::string_view key = "") { return system_->Get<Recorder>("recorder", key); }

  // Asks without waiting; the answers arrive in answers_.
  template <typename F>
  void Ask(F function, Duration timeout = hours(1), std::string_view key = "") {
    auto ask = [](ActorRef<Recorder> ref, F asked, Duration limit) -> Task<int> { co_return co_await ref.Ask(std::move(asked), limit); };
    StartTask<int>(ask(Get(key), std::move(function), timeout), [this](StatusOr<int> answer) { answers_.push_back(std::move(answer)); });
  }
  void AskSlow(int value, Duration timeout = hours(1), std::string_view key = "") {
    Ask([value](Recorder& actor, RequestContext& context) { return actor.Slow(context, value); }, timeout, key);
  }
  void AskThrowing() {
    Ask([](Recorder&, RequestContext&) -> Task<int> { throw std::runtime_error("boom"); });
  }
  const KindStats& stats() { return system_->FindKind("recorder")->stats(); }

  ManualClock clock_;
  EventLoop loop_{clock_};
  Words words_;
  Status start_;
  int made_ = 0;
  std::vector<StatusOr<int>> answers_;
  std::unique_ptr<ActorSystem> system_ = std::make_unique<ActorSystem>(loop_, nullptr);
};

TEST_F(ActorSystemTest, TheFirstMessageStartsTheActorAndWaitsForTheStart) {
  Register(Options());
  EXPECT_EQ(made_, 0);
  AskSlow(1);
  loop_.Run();
  EXPECT_EQ(words_, (Words{"started ", "begins 1", "ends 1"}));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(*answers_[0], 1);
}

TEST_F(ActorSystemTest, OneTurnEndsBeforeTheNextBegins) {
  Register(Options());
  AskSlow(1);
  AskSlow(2);
  loop_.Run();
  EXPECT_EQ(words_, (Words{"started ", "begins 1", "ends 1", "begins 2", "ends 2"}));
  EXPECT_EQ(stats().turns, 2u);
  EXPECT_EQ(stats().mailbox_depth, 0u);
  EXPECT_EQ(stats().running, 0u);
}

TEST_F(ActorSystemTest, AnInterleavingActorBeginsATurnWhileAnotherWaits) {
  KindOptions options = Options();
  options.interleave = true;
  options.max_interleaved_turns = 2;
  Register(std::move(options));
  for (int i = 1; i <= 3; ++i) AskSlow(i);
  loop_.Run();
  EXPECT_EQ(words_, (Words{"started ", "begins 1", "begins 2", "ends 1", "begins 3", "ends 2", "ends 3"}));
}

TEST_F(ActorSystemTest, ActorsOfDifferentKeysAreDifferentAndRunSideBySide) {
  Register(Options());
  AskSlow(1, hours(1), "a");
  AskSlow(2, hours(1), "b");
  loop_.Run();
  EXPECT_EQ(words_, (Words{"started a", "begins 1", "started b", "begins 2", "ends 1", "ends 2"}));
  EXPECT_EQ(stats().actors, 2u);
}

TEST_F(ActorSystemTest, AFullMailboxRefusesAndNamesItself) {
  KindOptions options = Options();
  options.mailbox_capacity = 2;
  Register(std::move(options));
  for (int i = 1; i <= 4; ++i) AskSlow(i, hours(1), "a");
  loop_.Run();
  ASSERT_EQ(answers_.size(), 4u);
  EXPECT_EQ(answers_[0].status(), ResourceExhaustedError("mailbox of 'recorder/a' is full (capacity 2)"));
  EXPECT_EQ(answers_[1].status(), ResourceExhaustedError("mailbox of 'recorder/a' is full (capacity 2)"));
  EXPECT_EQ(*answers_[2], 1);
  EXPECT_EQ(*answers_[3], 2);
  EXPECT_EQ(stats().refused, 2u);
}

TEST_F(ActorSystemTest, MoreActorsThanAllowedAreRefused) {
  KindOptions options = Options();
  options.max_actors = 1;
  Register(std::move(options));
  AskSlow(1, hours(1), "a");
  AskSlow(2, hours(1), "b");
  loop_.Run();
  EXPECT_EQ(answers_[0].status(), ResourceExhaustedError("there are more than 1 actors of kind 'recorder'"));
}

TEST_F(ActorSystemTest, AnUnknownKindIsNotFound) {
  AskSlow(1);
  loop_.Run();
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].status(), NotFoundError("no actor of kind 'recorder'"));
  EXPECT_EQ(Get().Tell([](Recorder&, RequestContext&) -> Task<void> { return OkStatus(); }), NotFoundError("no actor of kind 'recorder'"));
}

TEST_F(ActorSystemTest, AKindIsRegisteredOnce) {
  Register(Options());
  EXPECT_EQ(system_->RegisterKind(Options()), AlreadyExistsError("there is a kind 'recorder' of actors already"));
  EXPECT_EQ(system_->RegisterKind(KindOptions{}).code(), StatusCode::kInvalidArgument);
}

TEST_F(ActorSystemTest, ADeadlineTakesAWaitingMessageOutOfTheMailbox) {
  Register(Options());
  AskSlow(1);
  AskSlow(2, milliseconds(5));
  loop_.Run();
  EXPECT_EQ(answers_[0].status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(words_, (Words{"started ", "begins 1", "ends 1"}));
  EXPECT_EQ(stats().expired, 1u);
}

TEST_F(ActorSystemTest, ADeadlineUnwindsTheTurnThatRuns) {
  Register(Options());
  AskSlow(1, milliseconds(5));
  AskSlow(2);
  loop_.Run();
  EXPECT_EQ(answers_[0].status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(*answers_[1], 2);
  EXPECT_EQ(words_, (Words{"started ", "begins 1", "begins 2", "ends 2"}));
}

TEST_F(ActorSystemTest, CancellingTheOneWhoAsksCancelsTheTurnAndWaitsUntilItHasUnwound) {
  Register(Options());
  const auto context = MakeRef<RequestContext>(loop_, RequestContext::Start{.id = "r1"});
  {
    const ContextScope scope(context.get());
    AskSlow(1);
  }
  loop_.SetTimeout(milliseconds(5), [&] { context->Cancel(CancelledError("gone")); });
  loop_.Run();
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].status(), CancelledError("gone"));
  EXPECT_EQ(words_, (Words{"started ", "begins 1"}));
  EXPECT_EQ(stats().running, 0u);
}

TEST_F(ActorSystemTest, TellWaitsForNothingAndOutlivesTheOneWhoTells) {
  Register(Options());
  {
    const auto context = MakeRef<RequestContext>(loop_, RequestContext::Start{.id = "r1", .deadline = clock_.Now() + milliseconds(2)});
    const ContextScope scope(context.get());
    EXPECT_TRUE(Get().Tell([](Recorder& actor, RequestContext& own) -> Task<void> {
                       EXPECT_EQ(own.id(), "r1");
                       co_await actor.Slow(own, 1);
                     }).ok());
  }
  EXPECT_TRUE(words_.empty());
  loop_.Run();
  EXPECT_EQ(words_.back(), "ends 1");
}

TEST_F(ActorSystemTest, AnErrorIsAnAnswerAndNoFailureOfTheActor) {
  Register(Options());
  Ask([](Recorder&, RequestContext&) -> Task<int> { return NotFoundError("no such thing"); });
  AskSlow(1);
  loop_.Run();
  EXPECT_EQ(answers_[0].status(), NotFoundError("no such thing"));
  EXPECT_EQ(made_, 1);
  EXPECT_EQ(stats().failures, 0u);
}

TEST_F(ActorSystemTest, AnActorThatThrowsIsMadeAnewAndKeepsItsMailbox) {
  Register(Options());
  AskThrowing();
  AskSlow(2);
  const TimePoint start = clock_.Now();
  loop_.Run();
  EXPECT_EQ(answers_[0].status(), InternalError("internal error in actor 'recorder'"));
  EXPECT_EQ(*answers_[1], 2);
  EXPECT_EQ(words_, (Words{"started ", "destroyed ", "started ", "begins 2", "ends 2"}));
  EXPECT_GE(clock_.Now() - start, milliseconds(100)) << "the restart did not back off";
  EXPECT_EQ(stats().restarts, 1u);
}

TEST_F(ActorSystemTest, AnActorThatFailsTooOftenIsDownAndComesBack) {
  KindOptions options = Options();
  options.restart.max_restarts = 2;
  Register(std::move(options));
  for (int i = 0; i < 3; ++i) AskThrowing();
  AskSlow(4);
  loop_.Run();
  ASSERT_EQ(answers_.size(), 4u);
  EXPECT_EQ(answers_[2].status().code(), StatusCode::kInternal);
  EXPECT_EQ(answers_[3].status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(stats().restarts, 2u);
  AskSlow(5);
  loop_.Run();
  EXPECT_EQ(answers_[4].status(), UnavailableError("actor 'recorder' is down: it failed more than 2 times in short order"));
  loop_.SetTimeout(seconds(11), [this] { AskSlow(6); });
  loop_.Run();
  EXPECT_EQ(*answers_[5], 6);
}

TEST_F(ActorSystemTest, OtherTurnsOfAFailedActorMayFinish) {
  KindOptions options = Options();
  options.interleave = true;
  Register(std::move(options));
  AskSlow(1);
  AskThrowing();
  AskSlow(3);
  loop_.Run();
  EXPECT_EQ(answers_[0].status().code(), StatusCode::kInternal);
  EXPECT_EQ(*answers_[1], 1);
  EXPECT_EQ(*answers_[2], 3);
  EXPECT_EQ(words_, (Words{"started ", "begins 1", "ends 1", "destroyed ", "started ", "begins 3", "ends 3"}));
}

TEST_F(ActorSystemTest, ATurnThatOutlastsTheGraceOfAFailedActorIsUnavailable) {
  KindOptions options = Options();
  options.interleave = true;
  options.restart.grace = milliseconds(5);
  Register(std::move(options));
  AskSlow(1);
  AskThrowing();
  loop_.Run();
  EXPECT_EQ(answers_[1].status(), UnavailableError("actor 'recorder' failed and starts anew"));
}

TEST_F(ActorSystemTest, AStartThatFailsIsTheAnswerAndTheNextMessageTriesAgain) {
  start_ = PermissionDeniedError("root is not readable");
  Register(Options());
  AskSlow(1);
  loop_.Run();
  EXPECT_EQ(answers_[0].status(), PermissionDeniedError("actor 'recorder' did not start: root is not readable"));
  start_ = OkStatus();
  AskSlow(2);
  loop_.Run();
  EXPECT_EQ(*answers_[1], 2);
}

TEST_F(ActorSystemTest, AFactoryThatThrowsIsAFailure) {
  KindOptions options = Options();
  options.restart.max_restarts = 0;
  options.factory = [](const std::string&) -> std::unique_ptr<Actor> { throw std::runtime_error("no memory"); };
  Register(std::move(options));
  AskSlow(1);
  loop_.Run();
  EXPECT_EQ(answers_[0].status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(stats().failures, 1u);
}

TEST_F(ActorSystemTest, AnIdleActorSleepsAndItsNextMessageWakesIt) {
  KindOptions options = Options();
  options.idle_timeout = seconds(1);
  Register(std::move(options));
  AskSlow(1, hours(1), "a");
  loop_.SetTimeout(milliseconds(500), [this] { AskSlow(2, hours(1), "a"); });
  loop_.SetTimeout(seconds(5), [this] { EXPECT_EQ(words_.back(), "destroyed a"); });
  loop_.SetTimeout(seconds(6), [this] { AskSlow(3, hours(1), "a"); });
  loop_.Run();
  EXPECT_EQ(words_, (Words{"started a", "begins 1", "ends 1", "begins 2", "ends 2", "stopped a", "destroyed a", "started a", "begins 3", "ends 3"}));
  EXPECT_EQ(stats().sleeps, 1u);
}

TEST_F(ActorSystemTest, StopCancelsWhatRunsRefusesWhatWaitsAndStopsEveryActor) {
  Register(Options());
  AskSlow(1, hours(1), "a");
  AskSlow(2, hours(1), "a");
  bool stopped = false;
  loop_.SetTimeout(milliseconds(5), [&] {
    system_->Stop([&] { stopped = true; });
    AskSlow(3, hours(1), "a");
  });
  loop_.Run();
  EXPECT_TRUE(stopped);
  ASSERT_EQ(answers_.size(), 3u);
  for (const StatusOr<int>& answer : answers_) EXPECT_EQ(answer.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(words_, (Words{"started a", "begins 1", "stopped a", "destroyed a"}));
}

TEST_F(ActorSystemTest, DestroyingTheSystemEndsWhatWaitsAndRuns) {
  Register(Options());
  AskSlow(1);
  AskSlow(2);
  loop_.SetTimeout(milliseconds(5), [&] { system_.reset(); });
  loop_.Run();
  ASSERT_EQ(answers_.size(), 2u);
  for (const StatusOr<int>& answer : answers_) EXPECT_EQ(answer.status().code(), StatusCode::kCancelled);
}

class Echo final : public Actor {};

TEST_F(ActorSystemTest, MessagesOfOneSenderArriveInOrderWhateverTheTurnsDo) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    ActorSystem system(loop_, nullptr);
    KindOptions options;
    options.name = "echo";
    options.factory = [](const std::string&) { return std::make_unique<Echo>(); };
    options.mailbox_capacity = 100000;
    ASSERT_TRUE(system.RegisterKind(std::move(options)).ok());
    std::mt19937 random(seed);
    std::map<std::string, int> last;
    int handled = 0;
    for (int i = 1; i <= 2000; ++i) {
      const std::string key = std::to_string(random() % 7);
      const bool waits = random() % 3 == 0;
      ASSERT_TRUE(system.Get<Echo>("echo", key)
                      .Tell([&, i, key, waits](Echo&, RequestContext& context) -> Task<void> {
                        EXPECT_LT(last[key], i) << "seed " << seed;
                        last[key] = i;
                        if (waits) co_await Sleep(context, milliseconds(1));
                        EXPECT_EQ(last[key], i) << "seed " << seed << ": another turn began";
                        ++handled;
                      })
                      .ok());
    }
    loop_.Run();
    EXPECT_EQ(handled, 2000);
  }
}

}  // namespace
}  // namespace rota
