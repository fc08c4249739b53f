// What a call costs in memory: the path of a request is counted, so that nothing creeps in unseen.
#include <memory>
#include <string>

#include "framework/actor/actor_system.h"
#include "framework/base/pools.h"
#include "framework/rpc/dispatcher.h"
#include "framework/rpc/service_registry.h"
#include "framework/rpc/transport.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"
#include "tests/allocation_count.h"
#include "tests/framework/rpc/testdata/echo.rota.h"

namespace rota {
namespace {

// A transport that does nothing but keep the seam.
class BareCall final : public Call {
 public:
  explicit BareCall(CallStart start) : start_(std::move(start)) {}
  CallStart& start() override { return start_; }
  void AddReadCredit(uint32_t) override {}
  void SendHeaders(const Metadata&) override {}
  bool Write(Payload) override { return true; }
  void Finish(Status status, const Metadata&) override {
    EXPECT_EQ(status, OkStatus());
    finished_ = true;
  }
  bool finished() const { return finished_; }

 private:
  CallStart start_;
  bool finished_ = false;
};

class Plain final : public echo::v1::EchoActor {
  Task<EchoReply> Say(RequestContext&, const EchoRequest&) override { return EchoReply(); }
};

uint64_t AllocationsOfOneCall(const CallStart& start) {
  ManualClock clock;
  EventLoop loop(clock);
  ActorSystem system(loop, nullptr);
  ServiceRegistry registry;
  Dispatcher dispatcher(system, registry);
  KindOptions kind;
  kind.name = "echo";
  kind.factory = [](const std::string&) { return std::make_unique<Plain>(); };
  EXPECT_TRUE(system.RegisterKind(std::move(kind)).ok());
  EXPECT_TRUE(registry.Register(Plain::Table(), *system.FindKind("echo")).ok());
  uint64_t counted = 0;
  // The first calls start the actor and fill the pools.
  for (int i = 0; i < 10; ++i) {
    BareCall call(start);
    Payload request = Payload::Copy("");
    const uint64_t before = AllocationCount();
    CallSink* const sink = dispatcher.OnCall(call);
    sink->OnMessage(std::move(request));
    sink->OnHalfClose();
    loop.RunOnce();
    EXPECT_TRUE(call.finished());
    sink->OnDone(OkStatus());
    counted = AllocationCount() - before;
  }
  return counted;
}

TEST(AllocationTest, AUnaryCallTakesNothingFromTheHeap) {
  if (!kPoolsKeep) GTEST_SKIP() << "the pools keep nothing";
  EXPECT_EQ(AllocationsOfOneCall({.path = "/echo.v1.Echo/Say", .authority = {}, .peer = "127.0.0.1:12345", .metadata = {}}), 0u);
}

TEST(AllocationTest, ADeadlineTakesNoMore) {
  if (!kPoolsKeep) GTEST_SKIP() << "the pools keep nothing";
  // The timer lies in a slab of the loop, and so does the list of its delay.
  EXPECT_EQ(AllocationsOfOneCall({.path = "/echo.v1.Echo/Say",
                                  .authority = {},
                                  .peer = "127.0.0.1:12345",
                                  .metadata = {},
                                  .deadline = TimePoint(std::chrono::hours(9))}),
            0u);
}

}  // namespace
}  // namespace rota
