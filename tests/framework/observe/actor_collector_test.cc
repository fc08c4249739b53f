#include "framework/observe/actor_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/collectable.h>

#include <memory>
#include <string>

#include "framework/actor/actor_ref.h"
#include "framework/actor/actor_system.h"
#include "framework/actor/task.h"
#include "framework/context/request_context.h"
#include "framework/loop/event_loop.h"
#include "framework/observe/metrics_page.h"
#include "framework/testing/manual_clock.h"

namespace rota {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Counter final : public Actor {};

Task<void> Nothing(Counter&, RequestContext&) { return OkStatus(); }

class ActorCollectorTest : public ::testing::Test {
 protected:
  ActorCollectorTest() { page_.Add(NewActorCollector(system_)); }
  void Register(const std::string& name) {
    KindOptions options;
    options.name = name;
    options.mailbox_capacity = 2;
    options.factory = [](const std::string&) { return std::make_unique<Counter>(); };
    EXPECT_TRUE(system_.RegisterKind(std::move(options)).ok());
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  ActorSystem system_{loop_, nullptr};
  MetricsPage page_;
};

TEST_F(ActorCollectorTest, AKindThatIsRegisteredLaterShowsUp) {
  EXPECT_THAT(page_.Text(), Not(HasSubstr("kind=\"counter\"")));
  Register("counter");
  EXPECT_THAT(page_.Text(), HasSubstr("rota_actor_awake{kind=\"counter\"} 0\n"));
}

TEST_F(ActorCollectorTest, MessagesShowAsTheyWaitAreRefusedAndGetTheirTurn) {
  Register("counter");
  const auto actor = system_.Get<Counter>("counter", "a");
  EXPECT_TRUE(actor.Tell(Nothing).ok());
  EXPECT_TRUE(actor.Tell(Nothing).ok());
  EXPECT_FALSE(actor.Tell(Nothing).ok());
  EXPECT_THAT(page_.Text(), HasSubstr("rota_actor_mailbox_depth{kind=\"counter\"} 2\n"));
  EXPECT_THAT(page_.Text(), HasSubstr("rota_actor_messages_refused_total{kind=\"counter\"} 1\n"));
  EXPECT_THAT(page_.Text(), HasSubstr("rota_actor_turns_total{kind=\"counter\"} 0\n"));
  loop_.Run();
  EXPECT_THAT(page_.Text(), HasSubstr("rota_actor_mailbox_depth{kind=\"counter\"} 0\n"));
  EXPECT_THAT(page_.Text(), HasSubstr("rota_actor_turns_total{kind=\"counter\"} 2\n"));
  EXPECT_THAT(page_.Text(), HasSubstr("rota_actor_awake{kind=\"counter\"} 1\n"));
  EXPECT_THAT(page_.Text(), HasSubstr("rota_actor_starts_total{kind=\"counter\"} 1\n"));
}

}  // namespace
}  // namespace rota
