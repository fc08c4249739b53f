#include "framework/transport/grpcpp/grpcpp_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/faults/frames.h"
#include "tests/faults/raw_connection.h"
#include "tests/framework/transport/client_call.h"
#include "tests/framework/transport/server_test_base.h"

namespace rota {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class GrpcppServerTest : public ServerTestBase {
 protected:
  // Runs the loop until `client`, on a thread of its own, and all that keeps the loop alive have ended.
  void Run(const std::function<void()>& client) {
    std::thread thread(client);
    loop_.Run();
    thread.join();
  }
  void DrainSoon(Duration grace) {
    loop_.Post([this, grace] { server_->Drain(grace, [this] { ++drains_; }); });
  }

  int drains_ = 0;
};

TEST_P(GrpcppServerTest, ItListensOnEveryAddressAndTellsThePorts) {
  server_ = NewGrpcppServer(loop_, ServerOptions());
  const auto bound = server_->Listen({"127.0.0.1:0", "127.0.0.2:0"}, *this);
  ASSERT_TRUE(bound.ok()) << bound.status().ToString();
  ASSERT_EQ(bound->size(), 2u);
  EXPECT_THAT((*bound)[0], StartsWith("127.0.0.1:"));
  EXPECT_THAT((*bound)[1], StartsWith("127.0.0.2:"));
  EXPECT_THAT((*bound)[0], ::testing::Not(EndsWith(":0")));
  OnEachCall(Echo);
  RunWith([&] {
    for (const std::string& address : *bound) {
      EXPECT_TRUE(ClientCall(Connect(address), "/a.B/C").Exchange({"x"}).status.ok()) << address;
    }
  });
}

TEST_P(GrpcppServerTest, APortInUseIsAnErrorThatNamesIt) {
  Listen();
  const auto other = NewGrpcppServer(loop_, ServerOptions());
  const auto bound = other->Listen({"127.0.0.1:0", address_}, *this);
  EXPECT_EQ(bound.status().code(), StatusCode::kAlreadyExists);
  const std::string port = address_.substr(address_.rfind(':') + 1);
  EXPECT_EQ(bound.status().message(), "cannot listen on " + address_ + ": port " + port + " of 127.0.0.1 is in use");
  RunWith([] {});
}

TEST_P(GrpcppServerTest, ListenWorksOnce) {
  Listen();
  EXPECT_EQ(server_->Listen({"127.0.0.1:0"}, *this).status().code(), StatusCode::kFailedPrecondition);
  RunWith([] {});
  EXPECT_EQ(server_->Listen({"127.0.0.1:0"}, *this).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(NewGrpcppServer(loop_, ServerOptions())->Listen({}, *this).status().code(), StatusCode::kInvalidArgument);
}

TEST_P(GrpcppServerTest, ACallMoreThanTheLimitIsRefusedAndCounted) {
  Signal begun;
  OnEachCall([&](ScriptedSink&) { begun.Set(); });
  Listen({.max_concurrent_calls = 1});
  grpc::Status refused;
  RunWith([&] {
    ClientCall first(Connect(address_), "/a.B/C");
    first.Start();
    EXPECT_TRUE(begun.Wait());
    refused = Exchange("/a.B/C", {"x"}).status;
  });
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.error_message(), "more than 1 calls at once");
  EXPECT_EQ(server_->stats().calls_refused, 1u);
  EXPECT_EQ(server_->stats().calls_started, 1u);
}

TEST_P(GrpcppServerTest, ACallThatIsOverCountsWhileItsHandlerRuns) {
  Ref<RefCounted> handler;
  Signal begun, over;
  OnEachCall([&](ScriptedSink& sink) {
    handler = sink.call->start().slot;
    sink.on_done = [&over] { over.Set(); };
    begun.Set();
  });
  Listen({.max_concurrent_calls = 1});
  grpc::Status while_it_runs, afterwards;
  RunWith([&] {
    {
      ClientCall cancelled(Connect(address_), "/a.B/C");
      cancelled.Start();
      EXPECT_TRUE(begun.Wait());
    }
    EXPECT_TRUE(over.Wait());
    while_it_runs = Exchange("/a.B/C", {"x"}).status;
    Signal ended;
    loop_.Post([&] {
      handler = nullptr;
      OnEachCall(Echo);
      ended.Set();
    });
    EXPECT_TRUE(ended.Wait());
    afterwards = Exchange("/a.B/C", {"x"}).status;
  });
  EXPECT_EQ(while_it_runs.error_message(), "more than 1 calls at once");
  EXPECT_TRUE(afterwards.ok()) << afterwards.error_message();
}

TEST_P(GrpcppServerTest, ADrainLetsRunningCallsFinishAndTakesNoNewConnection) {
  Signal begun, draining;
  OnEachCall([&](ScriptedSink& sink) {
    sink.AddCredit(1);
    sink.on_message = [&sink] {
      sink.Write("late answer");
      sink.Finish();
    };
    begun.Set();
  });
  Listen();
  Run([&] {
    ClientCall running(Connect(address_), "/a.B/C");
    running.Start();
    EXPECT_TRUE(begun.Wait());
    DrainSoon(std::chrono::hours(1));
    loop_.Post([&] { draining.Set(); });
    EXPECT_TRUE(draining.Wait());
    EXPECT_EQ(Exchange("/a.B/C", {"x"}).status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(drains_, 0);
    running.Write("go on");
    EXPECT_EQ(running.Read(), "late answer");
    EXPECT_TRUE(running.Finish().ok());
  });
  EXPECT_EQ(drains_, 1);
  EXPECT_TRUE(only_sink().outcome.ok()) << only_sink().outcome.ToString();
  EXPECT_EQ(loop_.refs().total(), 0u);
}

TEST_P(GrpcppServerTest, CallsThatOutlastTheGraceAreCancelledAndASecondDrainShortensIt) {
  Signal begun;
  OnEachCall([&](ScriptedSink&) { begun.Set(); });
  Listen();
  grpc::Status status;
  Run([&] {
    ClientCall running(Connect(address_), "/a.B/C");
    running.Start();
    EXPECT_TRUE(begun.Wait());
    DrainSoon(std::chrono::hours(1));
    DrainSoon(std::chrono::milliseconds(1));
    status = running.Finish();
  });
  EXPECT_NE(status.error_code(), grpc::StatusCode::OK);
  EXPECT_EQ(only_sink().outcome, UnavailableError("the server is shutting down"));
  // The first drain keeps its `done`; there is no second one.
  EXPECT_EQ(drains_, 1);
}

TEST_P(GrpcppServerTest, ADrainOfAServerThatNeverListenedEndsAtOnce) {
  server_ = NewGrpcppServer(loop_, ServerOptions());
  server_->Drain(std::chrono::hours(1), [this] { ++drains_; });
  EXPECT_EQ(drains_, 0);
  loop_.Run();
  EXPECT_EQ(drains_, 1);
}

TEST_P(GrpcppServerTest, TheDestructorEndsTheCallsThatRun) {
  Signal begun;
  OnEachCall([&](ScriptedSink&) { begun.Set(); });
  Listen();
  grpc::Status status;
  Run([&] {
    ClientCall running(Connect(address_), "/a.B/C");
    running.Start();
    EXPECT_TRUE(begun.Wait());
    loop_.Post([this] { server_.reset(); });
    status = running.Finish();
  });
  EXPECT_NE(status.error_code(), grpc::StatusCode::OK);
  EXPECT_TRUE(only_sink().done);
  EXPECT_EQ(only_sink().outcome.code(), StatusCode::kUnavailable);
  EXPECT_EQ(loop_.refs().total(), 0u);
}

// Opens calls on one connection and resets each of them at once, until `most` are sent or nothing more can be.
void OpenAndReset(faults::RawConnection& connection, size_t most) {
  constexpr size_t kAtOnce = 100;
  std::string frames;
  for (size_t sent = 0; sent < most; sent += kAtOnce) {
    frames.clear();
    for (size_t i = 0; i < kAtOnce; ++i) {
      const uint32_t stream = connection.NextStream();
      frames += faults::CallFrames(stream, "/a.B/C") + faults::RstStreamFrame(stream, 8);
    }
    if (!connection.Send(frames)) return;
  }
}

TEST_P(GrpcppServerTest, WhoResetsCallsWithoutEndIsCutAndNobodyElse) {
  OnEachCall(Echo);
  Listen();
  RunWith([&] {
    const auto other = Connect(address_);
    EXPECT_TRUE(ClientCall(other, "/a.B/C").Exchange({"x"}).status.ok());
    faults::RawConnection attacker(address_);
    attacker.Start();
    OpenAndReset(attacker, 1'000'000);
    EXPECT_TRUE(attacker.AwaitClose());
    EXPECT_FALSE(attacker.go_away().has_value());
    const grpc::Status status = ClientCall(other, "/a.B/C").Exchange({"x"}).status;
    EXPECT_TRUE(status.ok()) << status.error_message();
  });
}

// Between two bursts nothing of it is left that could remember.
TEST_P(GrpcppServerTest, WhoWaitsForTheEndOfItsCallsBetweenTwoBurstsOfResetsIsCutAsWell) {
  OnEachCall(Echo);
  Listen();
  RunWith([&] {
    faults::RawConnection attacker(address_);
    attacker.Start();
    size_t bursts = 0;
    // In a minute, which this does not take, it may reset 130,000.
    for (; bursts < 500 && !attacker.closed(); ++bursts) {
      OpenAndReset(attacker, 500);
      attacker.Call("/a.B/C", "x");
      attacker.ReadFor(std::chrono::milliseconds(2));
    }
    EXPECT_TRUE(attacker.closed()) << "after " << bursts << " bursts";
  });
}

// Fewer than may be reset, but faster than they can be ended.
TEST_P(GrpcppServerTest, WhoHasMoreCallsThanCanBeEndedIsCut) {
  Listen();
  RunWith([&] {
    faults::RawConnection attacker(address_);
    attacker.Start();
    Signal held, sent;
    loop_.Post([&] {
      held.Set();
      EXPECT_TRUE(sent.Wait());
    });
    EXPECT_TRUE(held.Wait());
    OpenAndReset(attacker, 9500);
    // gRPC has read all of them when it answers the SETTINGS behind.
    EXPECT_TRUE(attacker.Send(faults::SettingsFrame()));
    EXPECT_TRUE(attacker.AwaitSettingsAcks(2));
    sent.Set();
    EXPECT_TRUE(attacker.AwaitClose());
  });
}

TEST_P(GrpcppServerTest, WhoTakesBackAllItsCallsIsLeftAlone) {
  OnEachCall([](ScriptedSink& sink) {
    if (sink.call->start().path == "/a.B/Echo") Echo(sink);
  });
  Listen();
  RunWith([&] {
    faults::RawConnection client(address_);
    client.Start();
    OpenAndReset(client, 3 * kMaxCallsOfConnection);
    EXPECT_EQ(client.Call("/a.B/Echo", "x").status(), 0);
    EXPECT_FALSE(client.closed());
  });
}

INSTANTIATE_TEST_SUITE_P(All, GrpcppServerTest, ::testing::Values(kTransports[1]), TransportName);

}  // namespace
}  // namespace rota
