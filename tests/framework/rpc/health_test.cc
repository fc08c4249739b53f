#include "framework/rpc/health.h"

#include <memory>
#include <string>
#include <vector>

#include "grpc/health/v1/health.pb.h"
#include "tests/framework/rpc/rpc_test_base.h"

namespace rota {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using Statuses = std::vector<HealthCheckResponse::ServingStatus>;

struct WithHealth {
  Health health_;
};

class HealthTest : public WithHealth, public RpcTestBase {
 protected:
  HealthTest() {
    EXPECT_TRUE(system_.RegisterKind(health_.Kind()).ok());
    EXPECT_TRUE(registry_.Register(Health::Table(), *system_.FindKind("grpc.health.v1.Health")).ok());
  }
  Ref<InProcessCall> Ask(const std::string& method, const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    return Call("/grpc.health.v1.Health/" + method, request);
  }
  static Statuses Seen(const InProcessCall& call) {
    Statuses statuses;
    for (const std::string& message : call.messages()) {
      HealthCheckResponse response;
      EXPECT_TRUE(response.ParseFromString(message));
      statuses.push_back(response.status());
    }
    return statuses;
  }
};

TEST_F(HealthTest, CheckSaysWhatWasSet) {
  health_.SetServing("files.v1.Files", true);
  EXPECT_EQ(Seen(*Ask("Check", "files.v1.Files")), Statuses{HealthCheckResponse::SERVING});
  health_.SetServing("files.v1.Files", false);
  EXPECT_EQ(Seen(*Ask("Check", "files.v1.Files")), Statuses{HealthCheckResponse::NOT_SERVING});
}

TEST_F(HealthTest, TheProcessAsAWholeIsKnownFromTheStart) {
  EXPECT_EQ(Seen(*Ask("Check", "")), Statuses{HealthCheckResponse::NOT_SERVING});
  health_.SetServing("", true);
  EXPECT_EQ(Seen(*Ask("Check", "")), Statuses{HealthCheckResponse::SERVING});
}

TEST_F(HealthTest, CheckOfAnUnknownServiceIsNotFound) {
  const auto call = Ask("Check", "nothing.v1.Nothing");
  EXPECT_EQ(call->status(), NotFoundError("unknown service 'nothing.v1.Nothing'"));
}

TEST_F(HealthTest, WatchSaysTheStatusAtOnceAndThenEachChange) {
  health_.SetServing("a", true);
  const auto watch = Ask("Watch", "a");
  EXPECT_EQ(Seen(*watch), Statuses{HealthCheckResponse::SERVING});
  EXPECT_FALSE(watch->status());
  health_.SetServing("a", true);
  health_.SetServing("b", false);
  Settle();
  EXPECT_EQ(Seen(*watch), Statuses{HealthCheckResponse::SERVING});
  health_.SetServing("a", false);
  Settle();
  EXPECT_EQ(Seen(*watch), (Statuses{HealthCheckResponse::SERVING, HealthCheckResponse::NOT_SERVING}));
}

TEST_F(HealthTest, WatchOfAnUnknownServiceWaitsUntilItIsKnown) {
  const auto watch = Ask("Watch", "later");
  EXPECT_EQ(Seen(*watch), Statuses{HealthCheckResponse::SERVICE_UNKNOWN});
  EXPECT_FALSE(watch->status());
  health_.SetServing("later", true);
  Settle();
  EXPECT_EQ(Seen(*watch), (Statuses{HealthCheckResponse::SERVICE_UNKNOWN, HealthCheckResponse::SERVING}));
}

TEST_F(HealthTest, ASlowWatcherSeesTheLastStatusAndNotEveryOneBetween) {
  const auto watch = Start("/grpc.health.v1.Health/Watch");
  watch->SetRoom(0);
  watch->Send(HealthCheckRequest().SerializeAsString());
  watch->HalfClose();
  Settle();
  for (int i = 0; i < 9; ++i) {
    health_.SetServing("", i % 2 == 0);
    Settle();
  }
  EXPECT_EQ(watch->untaken(), 1u);
  watch->SetRoom(InProcessCall::kNoLimit);
  Settle();
  EXPECT_EQ(Seen(*watch), (Statuses{HealthCheckResponse::NOT_SERVING, HealthCheckResponse::SERVING}));
}

TEST_F(HealthTest, ShutdownTellsEveryWatchAndEndsIt) {
  health_.SetServing("a", true);
  const auto first = Ask("Watch", "a");
  const auto second = Ask("Watch", "unknown");
  health_.Shutdown();
  Settle();
  EXPECT_EQ(Seen(*first), (Statuses{HealthCheckResponse::SERVING, HealthCheckResponse::NOT_SERVING}));
  EXPECT_EQ(first->status(), UnavailableError("the server drains"));
  EXPECT_EQ(second->status(), UnavailableError("the server drains"));
  EXPECT_EQ(health_.watches(), 0u);
}

TEST_F(HealthTest, AfterShutdownNothingServesAgain) {
  health_.Shutdown();
  health_.SetServing("a", true);
  EXPECT_EQ(Seen(*Ask("Check", "a")), Statuses{HealthCheckResponse::NOT_SERVING});
  const auto watch = Ask("Watch", "a");
  EXPECT_EQ(Seen(*watch), Statuses{HealthCheckResponse::NOT_SERVING});
  EXPECT_EQ(watch->status(), UnavailableError("the server drains"));
}

TEST_F(HealthTest, AWatchDoesNotHoldADrainUp) {
  const auto watch = Ask("Watch", "");
  bool drained = false;
  server_.Drain(std::chrono::hours(1), [&] { drained = true; });
  const TimePoint before = loop_.Now();
  loop_.RunOnce();
  EXPECT_FALSE(drained);
  health_.Shutdown();
  loop_.RunOnce();
  loop_.RunOnce();
  EXPECT_TRUE(drained);
  EXPECT_LT(loop_.Now() - before, std::chrono::hours(1));
}

TEST_F(HealthTest, WatchesDoNotKeepChecksWaiting) {
  const auto watch = Ask("Watch", "");
  EXPECT_EQ(Ask("Check", "")->status(), OkStatus());
  EXPECT_FALSE(watch->status());
}

TEST_F(HealthTest, WatchesAreBoundedAndThoseThatEndMakeRoom) {
  std::vector<Ref<InProcessCall>> watches;
  for (size_t i = 0; i < Health::kMaxWatches; ++i) watches.push_back(Ask("Watch", ""));
  EXPECT_EQ(health_.watches(), Health::kMaxWatches);
  EXPECT_EQ(Ask("Watch", "")->status(), ResourceExhaustedError("more than 1000 watches of health at once"));
  watches.front()->Cancel();
  Settle();
  EXPECT_FALSE(Ask("Watch", "")->status());
}

TEST(HealthLifetimeTest, MayChangeAfterTheActorsWithTheirWatchesAreGone) {
  Health health;
  ManualClock clock;
  EventLoop loop(clock);
  auto system = std::make_unique<ActorSystem>(loop, nullptr);
  ServiceRegistry registry;
  Dispatcher dispatcher(*system, registry);
  InProcessServer server(loop);
  ASSERT_TRUE(server.Listen({""}, dispatcher).ok());
  ASSERT_TRUE(system->RegisterKind(health.Kind()).ok());
  ASSERT_TRUE(registry.Register(Health::Table(), *system->FindKind("grpc.health.v1.Health")).ok());
  const auto watch = server.StartCall("/grpc.health.v1.Health/Watch");
  watch->Send("");
  watch->HalfClose();
  loop.Run();
  ASSERT_EQ(health.watches(), 1u);
  system = nullptr;
  EXPECT_EQ(health.watches(), 0u);
  health.SetServing("", true);
  loop.Run();
  EXPECT_EQ(watch->status()->code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace rota
