// What a call takes from the heap on its whole way: socket, HTTP/2, RPC layer, actor and back. Counted, so that nothing creeps in unseen.
// The grpcpp transport is not held to this: gRPC takes memory as it likes.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "framework/actor/actor_system.h"
#include "framework/base/pools.h"
#include "framework/rpc/dispatcher.h"
#include "framework/rpc/service_registry.h"
#include "framework/rpc/transport.h"
#include "framework/testing/manual_clock.h"
#include "framework/transport/native/native_server.h"
#include "gtest/gtest.h"
#include "tests/faults/raw_connection.h"
#include "tests/framework/rpc/testdata/echo.rota.h"
#include "tests/framework/transport/native/wire_client.h"
#include "tests/malloc_count.h"
#include "tests/socket_calls.h"

namespace rota {
namespace {

using faults::RawConnection;
using native::WireClient;

constexpr char kPath[] = "/echo.v1.Echo/Say";

class Plain final : public echo::v1::EchoActor {
  Task<EchoReply> Say(RequestContext&, const EchoRequest& request) override {
    EchoReply reply;
    if (!request.text().empty()) reply.set_text(request.text());
    co_return reply;
  }
};

class NativeAllocationTest : public testing::Test {
 protected:
  // Calls.
  static constexpr uint64_t kWarm = 500, kCounted = 3000;

  void SetUp() override {
    if (!kPoolsKeep || !kMallocCounted) GTEST_SKIP() << "the pools keep nothing, or the heap is another one";
    KindOptions kind;
    kind.name = "echo";
    kind.factory = [](const std::string&) { return std::make_unique<Plain>(); };
    ASSERT_TRUE(system_.RegisterKind(std::move(kind)).ok());
    ASSERT_TRUE(registry_.Register(Plain::Table(), *system_.FindKind("echo")).ok());
    server_ = NewNativeServer(loop_, ServerOptions());
    auto bound = server_->Listen({"127.0.0.1:0"}, dispatcher_);
    ASSERT_TRUE(bound.ok());
    address_ = bound->front();
  }
  void TearDown() override {
    if (server_ == nullptr) return;
    server_->Drain(Duration::zero(), [] {});
    loop_.Run();
  }
  // An iteration that does not wait.
  void RunOnce() {
    loop_.SetImmediate([] {});
    loop_.RunOnce();
  }
  void RunUntilDone(uint64_t calls) {
    for (int i = 0; i < 1000 && server_->stats().calls_done < calls; ++i) RunOnce();
    ASSERT_EQ(server_->stats().calls_done, calls);
  }
  // What the loop takes from the heap while it serves kCounted calls, in rounds of `calls` that `send` has sent, once pools and queues
  // have what they need. `receive` is to read the answers.
  uint64_t AllocationsOf(uint64_t calls, const std::function<void()>& send, const std::function<void()>& receive) {
    uint64_t counted = 0;
    const uint64_t earlier = server_->stats().calls_done;
    for (uint64_t done = 0; done < kWarm + kCounted && !HasFatalFailure();) {
      send();
      const uint64_t before = MallocCount();
      const bool counts = done >= kWarm;
      RunUntilDone(earlier + (done += calls));
      if (counts) counted += MallocCount() - before;
      receive();
    }
    return counted;
  }
  static bool HasOk(const WireClient& client, int32_t stream) {
    return !client.frames().empty() && client.frames().back() == "HEADERS " + std::to_string(stream) + " end grpc-status=0";
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  ActorSystem system_{loop_, nullptr};
  ServiceRegistry registry_;
  Dispatcher dispatcher_{system_, registry_};
  std::unique_ptr<Server> server_;
  std::string address_;
};

TEST_F(NativeAllocationTest, AUnaryCallTakesNothingFromTheHeap) {
  WireClient client(address_);
  for (int i = 0; i < 20; ++i) RunOnce();
  int32_t stream = 0;
  EXPECT_EQ(AllocationsOf(
                1, [&] { stream = client.Open(WireClient::Request(kPath), WireClient::Message("")); },
                [&] { ASSERT_TRUE(client.WaitUntil([&] { return HasOk(client, stream); })); }),
            0u);
}

TEST_F(NativeAllocationTest, ADeadlineAndMetadataTakeNoMore) {
  WireClient client(address_);
  for (int i = 0; i < 20; ++i) RunOnce();
  int32_t stream = 0;
  const auto request = WireClient::Request(kPath, {{"grpc-timeout", "10S"},
                                                   {"user-agent", "test/1"},
                                                   {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
                                                   {"x-user", "17"}});
  EXPECT_EQ(AllocationsOf(
                1, [&] { stream = client.Open(request, WireClient::Message("")); },
                [&] { ASSERT_TRUE(client.WaitUntil([&] { return HasOk(client, stream); })); }),
            0u);
}

// Many at once, with fields that are read anew each time because they come without the table of HPACK.
TEST_F(NativeAllocationTest, CallsThatComeTogetherTakeNothingEither) {
  constexpr int kCalls = 20;
  RawConnection client(address_);
  client.Start();
  for (int i = 0; i < 20; ++i) RunOnce();
  uint32_t stream = 0;
  EXPECT_EQ(AllocationsOf(
                kCalls,
                [&] {
                  std::string requests;
                  for (int i = 0; i < kCalls; ++i) {
                    stream = client.NextStream();
                    requests += faults::CallFrames(stream, kPath) + faults::DataFrames(stream, faults::Message(""), true);
                  }
                  client.Send(requests);
                },
                [&] { ASSERT_EQ(client.Await(stream).status(), 0); }),
            0u);
}

// What is left where messages have something in them: protobuf takes a string and its bytes from the heap, once for the request and once
// for the answer. A message of more than 2 KiB is no block of the pool any more, and the bytes of each on the wire are one.
TEST_F(NativeAllocationTest, AMessageTakesItsStringsAndNoMoreUnlessItIsLong) {
  RawConnection client(address_);
  client.Start();
  for (int i = 0; i < 20; ++i) RunOnce();
  echo::v1::EchoRequest request;
  uint32_t stream = 0;
  const auto send = [&] {
    stream = client.NextStream();
    const std::string message = faults::Message(request.SerializeAsString());
    client.Send(faults::CallFrames(stream, kPath) + faults::DataFrames(stream, message, true));
  };
  const auto receive = [&] { ASSERT_EQ(client.Await(stream).status(), 0); };
  request.set_text(std::string(1000, 't'));
  EXPECT_EQ(AllocationsOf(1, send, receive), 4 * kCounted);
  request.set_text(std::string(10'000, 't'));
  EXPECT_EQ(AllocationsOf(1, send, receive), 6 * kCounted);
}

// The same path: a call of an actor, not one that the test answers.
TEST_F(NativeAllocationTest, TheAnswerOfAnActorLeavesInOneWrite) {
  SocketCalls calls;
  RawConnection client(address_);
  client.Start();
  for (int i = 0; i < 20; ++i) RunOnce();
  client.ReadReady();
  for (int i = 0; i < 20; ++i) RunOnce();
  calls.writes.clear();
  client.Send(faults::CallFrames(1, kPath) + faults::DataFrames(1, faults::Message(""), true));
  RunUntilDone(1);
  EXPECT_EQ(client.Await(1).status(), 0);
  EXPECT_EQ(calls.writes.size(), 1u);
}

}  // namespace
}  // namespace rota
