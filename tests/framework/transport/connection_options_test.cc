// How long connections live, as ConnectionOptions say, on the wire of every transport.

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>

#include "framework/base/status.h"
#include "framework/rpc/transport.h"
#include "tests/faults/frames.h"
#include "tests/faults/raw_connection.h"
#include "tests/framework/transport/client_call.h"
#include "tests/framework/transport/native/wire_client.h"
#include "tests/framework/transport/server_test_base.h"

namespace rota {
namespace {

using faults::RawConnection;
using native::WireClient;
using std::chrono::milliseconds;

class ConnectionOptionsTest : public ServerTestBase {
 protected:
  // Sends and reads until it has happened; false when the connection ended or time was up before.
  template <typename Happened>
  static bool ReadUntil(RawConnection& client, Happened happened) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!happened() && !client.closed() && std::chrono::steady_clock::now() < limit) client.ReadFor(RawConnection::Seconds(0.02));
    return happened();
  }

  ServerOptions options_;
};
INSTANTIATE_TEST_SUITE_P(Transports, ConnectionOptionsTest, ::testing::ValuesIn(kTransports), TransportName);

TEST_P(ConnectionOptionsTest, AnOldConnectionIsEndedOnceItsCallHasFinished) {
  options_.connections.max_age = milliseconds(100);
  ScriptedSink* running = nullptr;
  OnEachCall([&](ScriptedSink& sink) { running = &sink; });
  Listen(options_);
  RunWith([&] {
    RawConnection client(address_);
    client.Start();
    client.Send(faults::CallFrames(client.NextStream(), "/a.B/C") + faults::DataFrames(1, "", true));
    EXPECT_TRUE(ReadUntil(client, [&] { return client.go_away().has_value(); }));
    EXPECT_EQ(client.go_away(), 0u);
    EXPECT_FALSE(client.closed());
    loop_.Post([&] { running->Finish(); });
    EXPECT_EQ(client.Await(1).status(), 0);
    EXPECT_TRUE(client.AwaitClose());
  });
  EXPECT_TRUE(only_sink().outcome.ok()) << only_sink().outcome.ToString();
}

TEST_P(ConnectionOptionsTest, ACallThatOutlastsTheGraceOfAnOldConnectionIsUnavailable) {
  options_.connections.max_age = milliseconds(100);
  options_.connections.max_age_grace = milliseconds(50);
  Signal over;
  OnEachCall([&](ScriptedSink& sink) { sink.on_done = [&] { over.Set(); }; });
  Listen(options_);
  grpc::Status status;
  RunWith([&] {
    ClientCall call(Connect(address_), "/a.B/C");
    call.Start();
    status = call.Finish();
    EXPECT_TRUE(over.Wait());
  });
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
  // gRPC C++ closes the connection, so that the sink cannot tell whose end that was.
  EXPECT_EQ(only_sink().outcome.code(), GetParam().native() ? StatusCode::kUnavailable : StatusCode::kCancelled);
}

TEST_P(ConnectionOptionsTest, AConnectionWithoutCallsIsEnded) {
  options_.connections.max_idle = milliseconds(100);
  Listen(options_);
  RunWith([&] {
    RawConnection client(address_);
    client.Start();
    EXPECT_TRUE(client.AwaitClose());
    EXPECT_EQ(client.go_away(), GetParam().native() ? NGHTTP2_NO_ERROR : NGHTTP2_INTERNAL_ERROR);
  });
}

TEST_P(ConnectionOptionsTest, APeerThatGivesNoSignOfLifeIsCutOff) {
  options_.connections.keepalive_time = milliseconds(50);
  options_.connections.keepalive_timeout = milliseconds(500);
  std::atomic<bool> over = false;
  OnEachCall([&](ScriptedSink& sink) {
    if (sink.call->start().path == "/a.B/Silent") sink.on_done = [&] { over = true; };
  });
  Listen(options_);
  RunWith([&] {
    WireClient silent(address_), answering(address_);
    silent.Open(WireClient::Request("/a.B/Silent"), "");
    answering.Open(WireClient::Request("/a.B/Answering"), "");
    // Of the silent one nothing is read from here on, so it does not answer. Without data gRPC by itself asks twice and no more.
    const auto pings = [&] { return std::count(answering.frames().begin(), answering.frames().end(), "PING"); };
    EXPECT_TRUE(answering.WaitUntil([&] { return over && pings() >= 4; })) << over << " " << pings();
  });
}

TEST_P(ConnectionOptionsTest, APeerWithoutCallsIsAskedForASignOfLifeByGrpcOnlyIfItMayAskItself) {
  options_.connections.keepalive_time = milliseconds(50);
  for (const bool may : {false, true}) {
    options_.connections.pings_without_calls = may;
    Listen(options_);
    drained_ = false;
    RunWith([&] {
      WireClient idle(address_), busy(address_);
      busy.Open(WireClient::Request("/a.B/C"), "");
      const auto pings = [](const WireClient& client) { return std::count(client.frames().begin(), client.frames().end(), "PING"); };
      EXPECT_TRUE(busy.WaitUntil([&] { return pings(busy) >= 4; }));
      idle.Ping();
      EXPECT_TRUE(idle.WaitFor("PING ack"));
      EXPECT_EQ(pings(idle) > 0, GetParam().native() || may);
    });
  }
}

TEST_P(ConnectionOptionsTest, PingsThatComeTooOftenEndTheConnectionUnlessTheyMayCome) {
  for (const bool may : {false, true}) {
    if (may) options_.connections.min_ping_interval = Duration::zero();
    options_.connections.pings_without_calls = may;
    OnEachCall(Echo);
    Listen(options_);
    drained_ = false;
    RunWith([&] {
      RawConnection client(address_);
      client.Start();
      for (int i = 0; i < 10; ++i) client.Send(faults::PingFrame("12345678"));
      if (may) {
        EXPECT_EQ(client.Call("/a.B/C", "hello").status(), 0);
        EXPECT_EQ(client.go_away(), std::nullopt);
      } else {
        EXPECT_TRUE(client.AwaitClose());
        EXPECT_EQ(client.go_away(), NGHTTP2_ENHANCE_YOUR_CALM);
      }
    });
  }
}

TEST_P(ConnectionOptionsTest, APeerThatDoesNotSpeakIsCutOff) {
  options_.connections.handshake_timeout = milliseconds(100);
  Listen(options_);
  RunWith([&] {
    WireClient client(address_, /*speaks=*/false);
    EXPECT_TRUE(client.WaitForEnd());
  });
}

}  // namespace
}  // namespace rota
