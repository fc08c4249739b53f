#include "framework/transport/grpcpp/grpcpp_call.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/base/steady_clock.h"
#include "framework/loop/event_loop.h"
#include "framework/rpc/transport.h"
#include "framework/transport/grpcpp/bridge.h"
#include "framework/transport/grpcpp/calls_by_peer.h"
#include "framework/transport/grpcpp/queues.h"
#include "tests/faults/frames.h"
#include "tests/faults/raw_connection.h"
#include "tests/framework/transport/server_test_base.h"

namespace rota::grpcpp {
namespace {

constexpr int kResourceExhausted = 8;

// What a call tells its server, one after the other, where the server is the test. Whatever begins is done with by `on_begin`.
class TestHost final : public CallHost, private CallAcceptor {
 public:
  explicit TestHost(EventLoop& loop) : CallHost(loop, ServerOptions()) {}

  Ref<CallsByPeer::Peer> OnArrival(const std::string& address) override {
    heard.push_back("arrival");
    peer = address;
    return calls_->Find(address);
  }
  void OnTurn() override { heard.push_back("turn"); }
  void OnBegin(GrpcppCall& call, const Status& fault) override {
    heard.push_back(fault.ok() ? "begin" : "begin with a fault");
    on_begin(call, fault);
  }
  void OnEnd(GrpcppCall& call) override {
    heard.push_back("end");
    accepted = call.accepted();
    cancelled = call.cancelled();
    had_peer = call.peer() != nullptr;
    on_end();
  }
  void OnUnpacked(GrpcppCall&) override { FAIL() << "nothing here is compressed"; }

  void Accept(GrpcppCall& call, std::function<void(ScriptedSink&)> script) {
    script_ = std::move(script);
    call.Accept(*this);
  }

  std::function<void(GrpcppCall& call, const Status& fault)> on_begin;
  std::function<void()> on_end = [] {};
  std::vector<std::string> heard;
  std::string peer;
  // Of the call that ended.
  bool accepted = false, cancelled = false, had_peer = false;
  std::unique_ptr<ScriptedSink> sink;

 private:
  CallSink* OnCall(Call& call) override {
    sink = std::make_unique<ScriptedSink>(call);
    script_(*sink);
    return sink.get();
  }

  std::function<void(ScriptedSink&)> script_;
  const Ref<CallsByPeer> calls_ = MakeRef<CallsByPeer>(loop, 10, 10);
};

using Heard = std::vector<std::string>;

// A server of gRPC that has been asked for one call. Its loop runs in the thread of the test, and its client has one of its own.
class GrpcppCallTest : public testing::Test {
 protected:
  GrpcppCallTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterAsyncGenericService(&service_);
    Queues queues = AddQueues(builder);
    server_ = builder.BuildAndStart();
    address_ = "127.0.0.1:" + std::to_string(port);
    host_.bridge = std::make_shared<Bridge>(loop_, std::move(queues), host_.stats.batches);
    host_.bridge->Start();
    MakeRef<GrpcppCall>(host_)->Request(service_);
  }
  ~GrpcppCallTest() override {
    server_->Shutdown(std::chrono::system_clock::now());
    host_.bridge->Stop();
  }

  // Runs the loop until the call has ended and the client is done.
  void RunWith(const std::function<void(faults::RawConnection&)>& client) {
    Timer limit = loop_.SetTimeout(std::chrono::seconds(60), [] { FAIL() << "the call does not end"; });
    int left = 2;
    const auto done = [&] {
      if (--left == 0) limit.Clear();
    };
    host_.on_end = done;
    std::thread thread([&] {
      {
        faults::RawConnection connection(address_);
        connection.Start();
        client(connection);
      }
      loop_.Post(done);
    });
    loop_.Run();
    thread.join();
    host_.on_end = [] {};
  }

  SteadyClock clock_;
  EventLoop loop_{clock_};
  grpc::AsyncGenericService service_;
  TestHost host_{loop_};
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

TEST_F(GrpcppCallTest, TheHostHearsOfItFromItsArrivalToItsEnd) {
  host_.on_begin = [&](GrpcppCall& call, const Status&) {
    EXPECT_EQ(call.start().path, "/a.B/C");
    EXPECT_EQ(call.start().peer, host_.peer);
    host_.Accept(call, Echo);
  };
  RunWith([](faults::RawConnection& client) {
    const faults::Answer answer = client.Call("/a.B/C", "x");
    EXPECT_EQ(answer.status(), 0);
    EXPECT_EQ(answer.data, faults::Message("x"));
  });
  EXPECT_EQ(host_.heard, (Heard{"arrival", "turn", "begin", "end"}));
  EXPECT_TRUE(host_.accepted && host_.had_peer);
  EXPECT_FALSE(host_.cancelled);
  EXPECT_TRUE(host_.sink->done);
  EXPECT_TRUE(host_.sink->outcome.ok());
  EXPECT_EQ(host_.stats.calls_started, 1u);
  EXPECT_EQ(host_.stats.messages_received, 1u);
  EXPECT_EQ(host_.stats.messages_sent, 1u);
  EXPECT_EQ(host_.stats.bytes_received, 1u);
}

TEST_F(GrpcppCallTest, OneThatItsPeerResetsIsCancelled) {
  Signal begun;
  host_.on_begin = [&](GrpcppCall& call, const Status&) {
    host_.Accept(call, [&](ScriptedSink&) { begun.Set(); });
  };
  RunWith([&](faults::RawConnection& client) {
    EXPECT_TRUE(client.Send(faults::CallFrames(1, "/a.B/C")));
    EXPECT_TRUE(begun.Wait());
    EXPECT_TRUE(client.Send(faults::RstStreamFrame(1, 8)));
  });
  EXPECT_EQ(host_.heard, (Heard{"arrival", "turn", "begin", "end"}));
  EXPECT_TRUE(host_.accepted && host_.cancelled);
  EXPECT_EQ(host_.sink->outcome.code(), StatusCode::kCancelled);
}

// gRPC answers the SETTINGS behind a reset when it has read that; it may tell of the reset a moment later, so this is tried more than once.
TEST_F(GrpcppCallTest, OneThatIsTakenBackBeforeItsTurnIsNotBegun) {
  constexpr size_t kTimes = 20;
  size_t begun = 0;
  host_.on_begin = [&](GrpcppCall& call, const Status&) {
    ++begun;
    call.Refuse(ResourceExhaustedError("too late"));
  };
  faults::RawConnection client(address_);
  client.Start();
  for (size_t i = 0; i < kTimes; ++i) {
    if (i > 0) MakeRef<GrpcppCall>(host_)->Request(service_);
    host_.heard.clear();
    const uint32_t stream = client.NextStream();
    ASSERT_TRUE(client.Send(faults::CallFrames(stream, "/a.B/C") + faults::RstStreamFrame(stream, 8) + faults::SettingsFrame()));
    ASSERT_TRUE(client.AwaitSettingsAcks(i + 2));
    Timer limit = loop_.SetTimeout(std::chrono::seconds(60), [] { FAIL() << "the call does not end"; });
    host_.on_end = [&] { limit.Clear(); };
    const size_t before = begun;
    loop_.Run();
    EXPECT_EQ(host_.heard, begun > before ? (Heard{"arrival", "turn", "begin", "end"}) : (Heard{"arrival", "turn", "end"}));
    EXPECT_TRUE(host_.cancelled && host_.had_peer);
  }
  host_.on_end = [] {};
  EXPECT_LT(begun, kTimes);
}

TEST_F(GrpcppCallTest, OneThatIsRefusedIsAnsweredAndWasNotCancelled) {
  host_.on_begin = [](GrpcppCall& call, const Status&) { call.Refuse(ResourceExhaustedError("full")); };
  RunWith([](faults::RawConnection& client) {
    const faults::Answer answer = client.Call("/a.B/C", "x");
    EXPECT_EQ(answer.status(), kResourceExhausted);
    EXPECT_EQ(answer.message(), "full");
  });
  EXPECT_EQ(host_.heard, (Heard{"arrival", "turn", "begin", "end"}));
  EXPECT_FALSE(host_.accepted || host_.cancelled);
  EXPECT_EQ(host_.stats.calls_refused, 1u);
  EXPECT_EQ(host_.stats.calls_started, 0u);
}

TEST_F(GrpcppCallTest, AFaultOfItsHeadersIsToldWithItsBegin) {
  std::optional<Status> told;
  host_.on_begin = [&](GrpcppCall& call, const Status& fault) {
    told = fault;
    call.Refuse(fault);
  };
  RunWith([](faults::RawConnection& client) {
    const faults::Answer answer = client.Call("/a.B/C", "x", {{"x-long", std::string(kMaxHeaderBytes, 'a')}});
    EXPECT_EQ(answer.status(), kResourceExhausted);
  });
  EXPECT_EQ(host_.heard, (Heard{"arrival", "turn", "begin with a fault", "end"}));
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->code(), StatusCode::kResourceExhausted);
}

TEST_F(GrpcppCallTest, OneThatNeverComesEndsWithTheServerAndHasNoPeer) {
  server_->Shutdown(std::chrono::system_clock::now());
  bool ended = false;
  host_.on_end = [&] { ended = true; };
  host_.bridge->CompleteUntil([&] { return ended; });
  EXPECT_EQ(host_.heard, Heard{"end"});
  EXPECT_FALSE(host_.accepted || host_.had_peer);
  host_.on_end = [] {};
}

}  // namespace
}  // namespace rota::grpcpp
