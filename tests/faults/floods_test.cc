// Clients that send as fast as they can what costs them nothing.

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "tests/faults/fault_test.h"
#include "tests/faults/raw_connection.h"

namespace rota::faults {
namespace {

constexpr const char* kEmptyCall = "/grpc.testing.TestService/EmptyCall";
constexpr const char* kDuplexCall = "/grpc.testing.TestService/FullDuplexCall";
// What a server may keep because of one client.
constexpr int64_t kMostKib = 16 << 10;
constexpr uint32_t kCancel = 8;

using Clock = std::chrono::steady_clock;

class FloodTest : public FaultTest {
 protected:
  // Sends what `next` gives, again and again, on one connection after the other for as long as the flood lasts. With `reads`
  // false nothing that the server answers is taken.
  void Flood(const std::string& name, bool reads, const std::function<std::string(RawConnection&)>& begin,
             const std::function<std::string(RawConnection&)>& next) {
    Attack(name, [&] {
      const int64_t before = Measure().resident_kib;
      const auto end = Clock::now() + std::chrono::milliseconds(Rounds(700, 5000));
      size_t sent = 0, connections = 0, cut = 0;
      int64_t most = 0;
      uint32_t why = 0;
      while (Clock::now() < end) {
        RawConnection connection(address());
        connection.Start();
        connection.Send(begin(connection));
        ++connections;
        while (!connection.closed() && Clock::now() < end) {
          const std::string bytes = next(connection);
          if (connection.Send(bytes, RawConnection::Seconds(0.1))) sent += bytes.size();
          if (reads) connection.ReadReady();
          most = std::max(most, Measure().resident_kib - before);
        }
        connection.ReadReady();
        if (connection.closed()) ++cut;
        if (connection.go_away()) why = *connection.go_away();
      }
      ExpectKeepsAtMost(kMostKib, most);
      return std::to_string(sent >> 10) + " KiB sent on " + std::to_string(connections) + " connections, " + std::to_string(cut) +
             " cut (code " + std::to_string(why) + "), at most " + std::to_string(most) + " KiB kept";
    });
  }
};

std::string Nothing(RawConnection&) { return ""; }
std::string Repeat(const std::string& bytes, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += bytes;
  return all;
}

TEST_P(FloodTest, PingsWhoseAnswersAreRead) {
  Flood("PING flood", true, Nothing, [bytes = Repeat(PingFrame("12345678"), 500)](RawConnection&) { return bytes; });
}

TEST_P(FloodTest, PingsWhoseAnswersNobodyReads) {
  Flood("PING flood, answers unread", false, Nothing, [bytes = Repeat(PingFrame("12345678"), 500)](RawConnection&) { return bytes; });
}

TEST_P(FloodTest, SettingsWhoseAnswersNobodyReads) {
  Flood("SETTINGS flood, answers unread", false, Nothing, [bytes = Repeat(SettingsFrame({{4, 65535}}), 500)](RawConnection&) { return bytes; });
}

TEST_P(FloodTest, EmptyDataFrames) {
  Flood(
      "empty DATA flood", true, [](RawConnection&) { return CallFrames(1, kDuplexCall); },
      [bytes = Repeat(FrameBytes(kData, 0, 1, ""), 500)](RawConnection&) { return bytes; });
}

TEST_P(FloodTest, WindowUpdates) {
  Flood(
      "WINDOW_UPDATE flood", true, [](RawConnection&) { return CallFrames(1, kDuplexCall); },
      [bytes = Repeat(WindowUpdateFrame(1, 1), 500)](RawConnection&) { return bytes; });
}

// Begins a block on stream 3. The SETTINGS of both are acknowledged by then: in the midst of a block that would end the connection.
std::function<std::string(RawConnection&)> BlockWithoutEnd(const std::string& more) {
  return [more](RawConnection& connection) {
    connection.Call(kEmptyCall);
    return FrameBytes(kHeaders, 0, 3, Block(CallFields(kEmptyCall)) + more);
  };
}

TEST_P(FloodTest, ContinuationsWithoutEnd) {
  // CVE-2024-27316 and its like.
  if (!ours()) GTEST_SKIP() << "gRPC 1.51 takes all of it: 650 MiB in five seconds";
  const std::string fields = Block(Fields(100, {"x-flood", "0123456789"}));
  Flood("CONTINUATION flood", true, BlockWithoutEnd(""),
        [bytes = FrameBytes(kContinuation, 0, 3, fields)](RawConnection&) { return bytes; });
}

TEST_P(FloodTest, AFieldWithoutEnd) {
  // Of 4 GiB, as it says itself.
  const std::string field = std::string("\0\x01" "a" "\x7f", 4) + "\x80\xff\xff\xff\x0f";
  Flood("field without end", true, BlockWithoutEnd(field),
        [bytes = FrameBytes(kContinuation, 0, 3, std::string(kMaxFrameBytes, 'a'))](RawConnection&) { return bytes; });
}

TEST_P(FloodTest, RapidReset) {
  // CVE-2023-44487.
  Flood("rapid reset", true, Nothing, [](RawConnection& connection) {
    std::string bytes;
    for (int i = 0; i < 100; ++i) {
      const uint32_t stream = connection.NextStream();
      bytes += CallFrames(stream, kDuplexCall) + DataFrames(stream, Message(""), false) + RstStreamFrame(stream, kCancel);
    }
    return bytes;
  });
}

TEST_P(FloodTest, MadeYouReset) {
  // CVE-2025-8671: what the client sends makes the server reset the stream by itself.
  Flood("MadeYouReset", true, Nothing, [](RawConnection& connection) {
    std::string bytes;
    for (int i = 0; i < 100; ++i) {
      const uint32_t stream = connection.NextStream();
      bytes += CallFrames(stream, kDuplexCall) + DataFrames(stream, Message(""), false) + WindowUpdateFrame(stream, 0);
    }
    return bytes;
  });
}

TEST_P(FloodTest, AClientThatHonestlyCancelsAThousandCallsASecondIsLeftAlone) {
  Attack("1,000 honest cancels a second", [&] {
    RawConnection connection(address());
    connection.Start();
    const auto start = Clock::now();
    const size_t cancels = Rounds(1500, 10000);
    for (size_t i = 0; i < cancels && !connection.closed(); ++i) {
      const uint32_t stream = connection.NextStream();
      connection.Send(CallFrames(stream, kDuplexCall) + DataFrames(stream, Message(""), false));
      connection.ReadFor(std::chrono::duration_cast<RawConnection::Seconds>(start + std::chrono::milliseconds(i) - Clock::now()));
      connection.Send(RstStreamFrame(stream, kCancel));
    }
    EXPECT_FALSE(connection.go_away().has_value()) << "code " << connection.go_away().value_or(0);
    EXPECT_EQ(connection.Call(kEmptyCall).status(), 0);
    const std::chrono::duration<double> taken = Clock::now() - start;
    return std::to_string(static_cast<int>(static_cast<double>(cancels) / taken.count())) + " cancels/s, " + std::to_string(cancels) + " in all";
  });
}

ROTA_FAULTS_ON_EVERY_TRANSPORT(FloodTest);

}  // namespace
}  // namespace rota::faults
