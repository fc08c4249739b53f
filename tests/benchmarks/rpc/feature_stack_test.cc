#include "tests/benchmarks/rpc/feature_stack.h"

#include <memory>
#include <string>
#include <string_view>

#include "framework/base/status.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/in_process_transport.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"
#include "tests/benchmarks/rpc/benchmark_service.h"

namespace benchmarks {
namespace {

// Each stack behind a transport without sockets.
class FeatureStackTest : public testing::TestWithParam<std::string_view> {
 protected:
  FeatureStackTest() { EXPECT_TRUE(server_.Listen({"in-process"}, stack_->acceptor()).ok()); }

  rota::Ref<rota::InProcessCall> Start() { return server_.StartCall("/grpc.testing.BenchmarkService/UnaryCall"); }

  rota::ManualClock clock_;
  rota::EventLoop loop_{clock_};
  const std::unique_ptr<FeatureStack> stack_ = FeatureStack::Make(GetParam(), loop_);
  rota::InProcessServer server_{loop_};
};

TEST_P(FeatureStackTest, AnswersWithThePayload) {
  SimpleRequest request;
  request.mutable_payload()->set_body("sixteen bytes ..");
  // The second call meets an actor that is awake.
  for (int i = 0; i < 2; ++i) {
    const auto call = Start();
    call->Send(request.SerializeAsString());
    call->HalfClose();
    loop_.Run();
    ASSERT_TRUE(call->done());
    EXPECT_EQ(call->status(), rota::OkStatus());
    ASSERT_EQ(call->messages().size(), 1);
    SimpleResponse answer;
    ASSERT_TRUE(answer.ParseFromString(call->messages().front()));
    EXPECT_EQ(answer.payload().body(), "sixteen bytes ..");
  }
}

TEST_P(FeatureStackTest, ForgetsACallThatThePeerTakesBack) {
  const auto call = Start();
  call->Send("");
  loop_.Run();
  call->Cancel();
  loop_.Run();
  EXPECT_TRUE(call->done());
  EXPECT_TRUE(call->messages().empty());
}

INSTANTIATE_TEST_SUITE_P(AllStacks, FeatureStackTest, testing::ValuesIn(FeatureStack::Names()),
                         [](const auto& info) { return std::string(info.param); });

TEST(FeatureStackNamesTest, AnUnknownNameIsRefused) {
  rota::ManualClock clock;
  rota::EventLoop loop(clock);
  EXPECT_EQ(FeatureStack::Make("no_such_thing", loop), nullptr);
}

}  // namespace
}  // namespace benchmarks
