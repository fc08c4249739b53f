// Clients that vanish, stall, never read, or come by the thousand.

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "grpc/testing/messages.pb.h"
#include "tests/faults/fault_test.h"
#include "tests/faults/raw_connection.h"

namespace rota::faults {
namespace {

constexpr const char* kEmptyCall = "/grpc.testing.TestService/EmptyCall";
constexpr const char* kOutputCall = "/grpc.testing.TestService/StreamingOutputCall";
constexpr const char* kDuplexCall = "/grpc.testing.TestService/FullDuplexCall";
constexpr size_t kFrameHeader = 9;
using Clock = std::chrono::steady_clock;
using Connections = std::vector<std::unique_ptr<RawConnection>>;

// Both this process and the server, which inherits it, may open as many as the system lets them.
void AllowManyDescriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// A stream of `count` messages of `size` bytes, one each `interval_us`.
std::string OutputRequest(int count, int size, int interval_us = 0) {
  grpc::testing::StreamingOutputCallRequest request;
  for (int i = 0; i < count; ++i) {
    request.add_response_parameters()->set_size(size);
    request.mutable_response_parameters(i)->set_interval_us(interval_us);
  }
  return request.SerializeAsString();
}

class ConnectionFaultTest : public FaultTest {
 protected:
  std::unique_ptr<RawConnection> Connect(int receive_buffer = 0) {
    auto connection = std::make_unique<RawConnection>(address(), receive_buffer);
    EXPECT_FALSE(connection->closed());
    return connection;
  }
  // Clients that stop within their preface, within the headers of a call, or within its body.
  Connections ComeAndStall(size_t clients) {
    const std::string block = Block(CallFields(kEmptyCall));
    Connections connections;
    for (size_t i = 0; i < clients; ++i) {
      connections.push_back(Connect());
      RawConnection& connection = *connections.back();
      if (i % 3 == 0) {
        connection.Send(kPreface.substr(0, 10));
        continue;
      }
      connection.Start();
      if (i % 3 == 1) {
        connection.Send(FrameBytes(kHeaders, 0, 1, block.substr(0, 40)));
      } else {
        connection.Send(HeadersFrames(1, block) + FrameBytes(kData, 0, 1, Message("0123456789").substr(0, 8)));
      }
    }
    return connections;
  }
};

TEST_P(ConnectionFaultTest, ClientsKilledInMidStreamLeaveNothingBehind) {
  const size_t clients = Rounds(50, 500);
  Attack("client killed in mid-stream", [&] {
    Connections connections;
    for (size_t i = 0; i < clients; ++i) {
      connections.push_back(Connect());
      RawConnection& connection = *connections.back();
      connection.Start();
      const uint32_t stream = connection.NextStream();
      connection.Send(CallFrames(stream, kOutputCall) + DataFrames(stream, Message(OutputRequest(100, 100, 100'000)), true));
    }
    EXPECT_TRUE(Eventually([&] { return Metric("rota_actor_turns_in_progress") >= static_cast<int64_t>(clients); }));
    for (const auto& connection : connections) connection->Abort();
    return std::to_string(clients) + " clients";
  });
}

TEST_P(ConnectionFaultTest, AClientThatSaysNoMoreAfterItsHalfIsGone) {
  const size_t clients = Rounds(50, 500);
  Attack("FIN in mid-stream", [&] {
    Connections connections;
    for (size_t i = 0; i < clients; ++i) {
      connections.push_back(Connect());
      connections.back()->Start();
      const uint32_t stream = connections.back()->NextStream();
      connections.back()->Send(CallFrames(stream, kDuplexCall) + DataFrames(stream, Message(OutputRequest(1, 100)), false));
      connections.back()->HalfClose();
    }
    size_t closed = 0;
    for (const auto& connection : connections) closed += connection->AwaitClose() ? 1 : 0;
    EXPECT_EQ(closed, clients);
    return std::to_string(clients) + " clients";
  });
}

TEST_P(ConnectionFaultTest, APeerThatIsGoneWithoutAWordIsFoundOutByKeepalive) {
  StartServer(LongForm() ? std::vector<std::string>{"--keepalive-time=2", "--keepalive-timeout=1"}
                         : std::vector<std::string>{"--keepalive-time=0.3", "--keepalive-timeout=1"});
  const size_t clients = Rounds(20, 200);
  Attack("half-open TCP", [&] {
    Connections connections;
    for (size_t i = 0; i < clients; ++i) {
      connections.push_back(Connect());
      connections.back()->Start();
      connections.back()->Send(CallFrames(1, kDuplexCall) + DataFrames(1, Message(OutputRequest(1, 100)), false));
    }
    EXPECT_TRUE(Eventually([&] { return Metric("rota_actor_turns_in_progress") >= static_cast<int64_t>(clients); }));
    // Every other one is there and says nothing, but its kernel acknowledges; the rest is gone.
    for (size_t i = 0; i < clients; i += 2) {
      connections[i]->ReadReady();
      connections[i]->GoDark();
    }
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(Eventually([&] { return Metric("rota_actor_turns_in_progress") <= 1; }));
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    for (size_t i = 0; i < clients; ++i) {
      connections[i]->ReadReady();
      EXPECT_EQ(connections[i]->closed(), i % 2 == 1) << "what the server said at the end came through, or did not";
    }
    return std::to_string(clients) + " peers found out after " + std::to_string(taken.count()) + " s";
  });
}

TEST_P(ConnectionFaultTest, ACrowdThatComesAtOnceHoldsNobodyUp) {
  const size_t clients = Rounds(100, 1000);
  AllowManyDescriptors();
  Attack("crowd that comes at once", [&] {
    const Connections connections = ComeAndStall(clients);
    return std::to_string(clients) + " clients";
  });
}

// What a slow client says, byte by byte, and what it has said before.
struct Slow {
  std::unique_ptr<RawConnection> connection;
  Clock::time_point begun;
  std::vector<std::string> pieces;
  bool may_go_on = false;  // For as long as it likes.
  bool cut = false;
};

TEST_P(ConnectionFaultTest, SlowlorisInPrefaceHeadersAndBodyHoldsNobodyUp) {
  const size_t clients = Rounds(100, 1000);
  constexpr auto kTimeout = std::chrono::milliseconds(1000);
  // Twice the time-out, and less than any of what they begin to say.
  constexpr size_t kBytes = 20;
  AllowManyDescriptors();
  StartServer({"--handshake-timeout=1"});
  const auto in_bytes = [](std::string_view bytes) {
    std::vector<std::string> pieces;
    for (const char byte : bytes) pieces.emplace_back(1, byte);
    return pieces;
  };
  const std::string block = Block(CallFields(kEmptyCall));
  // Unknown fields, which every message may have; each byte in a frame of its own.
  const std::string message = Message("\x7a" + std::string(1, kBytes) + std::string(kBytes, 'x'));
  std::vector<std::string> body;
  for (const char byte : message) body.push_back(FrameBytes(kData, 0, 1, std::string(1, byte)));
  const std::vector<std::string> said[] = {
      in_bytes(kPreface),
      // A block in one frame, and one in frames of eight bytes.
      in_bytes(HeadersFrames(1, block).substr(kFrameHeader)),
      in_bytes((FrameBytes(kHeaders, 0, 1, block.substr(0, 8)) + FrameBytes(kContinuation, 0, 1, block.substr(8, 8)) +
                FrameBytes(kContinuation, 0, 1, block.substr(16, 8)))
                   .substr(kFrameHeader)),
      body,
  };
  Attack("slowloris", [&] {
    std::vector<Slow> all(clients);
    for (size_t i = 0; i < clients; ++i) {
      const size_t kind = i % std::size(said);
      Slow& slow = all[i];
      slow.begun = Clock::now();
      slow.connection = Connect();
      slow.pieces = said[kind];
      slow.may_go_on = kind == 3;
      if (kind > 0) slow.connection->Start();
      if (kind == 1) slow.connection->Send(HeadersFrames(1, block).substr(0, kFrameHeader));
      if (kind == 2) slow.connection->Send(FrameBytes(kHeaders, 0, 1, block.substr(0, 8)).substr(0, kFrameHeader));
      if (kind == 3) slow.connection->Send(HeadersFrames(1, block));
    }
    const auto look = [&] {
      for (Slow& slow : all) {
        if (slow.cut || !slow.connection->IsCut()) continue;
        slow.cut = true;
        EXPECT_FALSE(slow.may_go_on);
        // The loop takes the time of an iteration for all that happens in it.
        EXPECT_GE(Clock::now() - slow.begun, kTimeout * 9 / 10);
      }
    };
    for (size_t sent = 0; sent < kBytes; ++sent) {
      for (Slow& slow : all) {
        if (!slow.cut) slow.connection->Send(slow.pieces[sent]);
      }
      // One that may go on: the others would answer SETTINGS in the midst of what they say.
      all[3].connection->ReadFor(2.0 * kTimeout / kBytes);
      look();
    }
    size_t cut = 0, answered = 0;
    if (target() == Target::kNative) {
      EXPECT_TRUE(Eventually([&] {
        look();
        cut = static_cast<size_t>(std::count_if(all.begin(), all.end(), [](const Slow& slow) { return slow.cut; }));
        return cut == clients - clients / std::size(said);
      })) << cut << " were cut";
    }
    for (Slow& slow : all) {
      if (!slow.may_go_on) continue;
      for (size_t sent = kBytes; sent < slow.pieces.size(); ++sent) slow.connection->Send(slow.pieces[sent]);
      slow.connection->Send(FrameBytes(kData, kEndStream, 1, ""));
      answered += slow.connection->Await(1).status() == 0 ? 1 : 0;
    }
    EXPECT_EQ(answered, clients / std::size(said)) << "a body may be slow";
    return std::to_string(clients) + " clients, " + std::to_string(cut) + " cut off, " + std::to_string(answered) + " answered";
  });
}

TEST_P(ConnectionFaultTest, AReaderThatNeverReadsStopsItsHandlerAndCostsLittle) {
  // Of 64 KiB, so many for each of so many requests, which fit into the window of their stream: 1 GiB. And how many may be on their way: what
  // the kernel keeps for one socket (tcp_wmem, 4 MiB), and what one call may have unsent.
  constexpr int kMessage = 64 << 10, kMessages = 256, kRequests = 64, kMostUnread = 256;
  Attack("reader that never reads 1 GB", [&] {
    const auto written = [&] { return Metric("rota_rpc_server_messages_sent_total", "FullDuplexCall"); };
    const int64_t before = Measure().resident_kib, written_before = written();
    const auto connection = Connect(4096);
    connection->Start();
    // The window is as large as the server says once it has heard that this was read.
    connection->Call(kEmptyCall);
    const uint32_t stream = connection->NextStream();
    connection->Send(CallFrames(stream, kDuplexCall));
    for (int i = 1; i <= kRequests; ++i) connection->Send(DataFrames(stream, Message(OutputRequest(kMessages, kMessage)), i == kRequests));
    // Until nothing moves any more.
    int64_t sent = -1;
    EXPECT_TRUE(Eventually([&] {
      const int64_t before_now = std::exchange(sent, written() - written_before);
      return sent == before_now && sent > 0;
    }));
    int64_t peak = 0;
    for (size_t i = 0; i < Rounds(10, 100); ++i) peak = std::max(peak, Measure().resident_kib - before);
    ExpectKeepsAtMost(16 << 10, peak);
    EXPECT_LE(sent, kMostUnread) << "the handler goes on";
    EXPECT_EQ(written() - written_before, sent) << "the handler goes on";
    EXPECT_GE(Metric("rota_rpc_server_calls_in_flight", "FullDuplexCall"), 1) << "the handler has ended";
    // It has only stopped.
    std::vector<char> bytes(64 << 10);
    EXPECT_TRUE(Eventually([&] {
      // No more than it takes: the rest would be a load of its own. And through the small window that it has: with a large one Linux sends
      // all that waits for it, in the small segments of before, within one system call of the server's, which took it 15 ms.
      for (size_t reads = 0; reads < 200 && recv(connection->fd(), bytes.data(), bytes.size(), MSG_DONTWAIT) > 0; ++reads) {
      }
      return written() - written_before > sent;
    }));
    connection->Abort();
    return std::to_string(sent) + " of " + std::to_string(kMessages * kRequests) + " messages written, costs " + std::to_string(peak) + " KiB";
  });
}

TEST_P(ConnectionFaultTest, ThousandsOfConnectionsMadeAndClosedLeaveNothingBehind) {
  AllowManyDescriptors();
  const size_t connections_at_once = Rounds(300, 5000), rounds = Rounds(3, 50);
  Attack("connections made and closed", [&] {
    size_t calls = 0, answered = 0;
    for (size_t round = 0; round < rounds; ++round) {
      Connections connections;
      for (size_t i = 0; i < connections_at_once; ++i) {
        connections.push_back(Connect());
        if (i % 2 == 0) connections.back()->Start();
        if (i % 4 == 0) connections.back()->Send(CallFrames(1, kEmptyCall) + DataFrames(1, Message(""), true));
      }
      // Those that call are served. The last of them is behind nearly all others in the queue of the socket, which has room for 4,096: so
      // no round fills it for the next one, and TCP need not ask again after 1, 2, 4 and more seconds.
      for (size_t i = 0; i < connections_at_once; i += 4, ++calls) answered += connections[i]->Await(1).status() == 0 ? 1 : 0;
    }
    EXPECT_EQ(answered, calls);
    return std::to_string(rounds) + " x " + std::to_string(connections_at_once) + ", " + std::to_string(answered) + " calls answered";
  });
}

TEST_P(ConnectionFaultTest, WithDescriptorsExhaustedAndFreedItAcceptsAgainWithinASecond) {
  StartServer();
  // Connected while there still are some; that also gives the server its threads and sockets.
  Attack("descriptors exhausted", [&] {
    const auto descriptors = static_cast<rlim_t>(Measure().descriptors) + 20;
    rlimit old{};
    const rlimit few{.rlim_cur = descriptors, .rlim_max = descriptors};
    EXPECT_EQ(prlimit(process().pid(), RLIMIT_NOFILE, nullptr, &old), 0);
    EXPECT_EQ(prlimit(process().pid(), RLIMIT_NOFILE, &few, nullptr), 0);
    Connections connections;
    for (int i = 0; i < 100; ++i) {
      connections.push_back(Connect());
      connections.back()->Start();
    }
    EXPECT_TRUE(Eventually([&] { return Measure().descriptors >= static_cast<int64_t>(descriptors) - 1; }));
    connections.front()->ReadFor(RawConnection::Seconds(LongForm() ? 3 : 0.3));
    connections.clear();
    // gRPC 1.51 listens no more after accept() has failed: a call that is made now had no answer after 30 s. Who is connected is served.
    if (target() != Target::kNative) return std::string("none is accepted any more");
    const auto start = std::chrono::steady_clock::now();
    // Who comes before the first descriptor is free may still be turned away.
    EXPECT_TRUE(Eventually([&] {
      RawConnection connection(address());
      connection.Start();
      return connection.Call(kEmptyCall).status() == 0;
    }));
    const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
    if (TimeCounts()) EXPECT_LE(taken.count(), 1000);
    return "accepts again after " + std::to_string(static_cast<int>(taken.count())) + " ms";
  });
}

ROTA_FAULTS_ON_EVERY_TRANSPORT(ConnectionFaultTest);

}  // namespace
}  // namespace rota::faults
