// Clients that send as fast as they can what costs them nothing.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/faults/fault_test.h"
#include "tests/faults/raw_connection.h"

namespace rota::faults {
namespace {

constexpr const char* kEmptyCall = "/grpc.testing.TestService/EmptyCall";
constexpr const char* kDuplexCall = "/grpc.testing.TestService/FullDuplexCall";
// What a server may keep because of one client.
constexpr int64_t kMostKib = 16 << 10;
// Error codes of HTTP/2.
constexpr uint32_t kProtocolError = 1, kStreamClosed = 5, kFrameSizeError = 6, kCancel = 8, kEnhanceYourCalm = 11;
// Handlers of one connection (kMaxCallsOfConnection), of one that was cut right before, and of others. On grpcpp the ends of calls wait for
// the turns of their peers, so that those of another two may be left.
constexpr int64_t kMostHandlers = 2100, kMostOnGrpcpp = 4100;

using Clock = std::chrono::steady_clock;
using Bytes = std::function<std::string(RawConnection&)>;

// Makes calls and cancels them, a thousand a second, until `goes_on` is false of how many there were. Returns that number. It is
// left alone; the library by itself, which is only measured, may also keep it waiting until it gives up.
size_t CancelHonestly(const std::string& address, bool judged, const std::function<bool(size_t)>& goes_on) {
  RawConnection connection(address);
  connection.Start();
  const auto start = Clock::now();
  size_t cancels = 0;
  for (; goes_on(cancels) && !connection.closed(); ++cancels) {
    const uint32_t stream = connection.NextStream();
    connection.Send(CallFrames(stream, kDuplexCall) + DataFrames(stream, Message(""), false));
    connection.ReadFor(std::chrono::duration_cast<RawConnection::Seconds>(start + std::chrono::milliseconds(cancels) - Clock::now()));
    connection.Send(RstStreamFrame(stream, kCancel));
  }
  if (!judged) return cancels;
  EXPECT_EQ(connection.Call(kEmptyCall).status(), 0);
  EXPECT_FALSE(connection.go_away().has_value()) << "code " << connection.go_away().value_or(0);
  EXPECT_FALSE(connection.closed());
  return cancels;
}

// What is sent on one connection, and how the server takes it.
struct Kind {
  std::string name;
  // The code of the GOAWAY by which the native transport ends the connection.
  int64_t code;
  // First `begin`, then `next` again and again.
  Bytes begin;
  Bytes next;
};

// With `reads` false nothing that the server says is taken; with `beside_honest_cancels` a client that honestly cancels goes on beside it. So
// many peers do it at once.
struct Manner {
  bool reads = true;
  bool beside_honest_cancels = false;
  size_t peers = 1;
};

class FloodTest : public FaultTest {
 protected:
  // Each peer sends these kinds by turns, each on a connection of its own, for as long as the flood lasts.
  void Flood(const std::string& name, const Manner& manner, const std::vector<Kind>& kinds) {
    Attack(name, [&] {
      const auto length = std::chrono::milliseconds(Rounds(700, 5000));
      const auto end = Clock::now() + length;
      std::atomic<bool> over{false};
      Most most;
      // Not between two of the flood, which would rest meanwhile.
      std::thread watcher([&, before = Measure().resident_kib] { most = Watch(before, over); });
      size_t honest = 0;
      std::thread canceller;
      if (manner.beside_honest_cancels) {
        const bool judged = target() != Target::kLibraryAlone;
        canceller = std::thread([&, judged] { honest = CancelHonestly(address(), judged, [&](size_t) { return !over; }); });
      }
      Tally tally;
      for (size_t turn = 0; turn < kinds.size() || Clock::now() < end; ++turn) {
        const Kind& kind = kinds[turn % kinds.size()];
        // Who is to be cut gets the time for it.
        const Clock::duration time = target() == Target::kNative ? kCutWithin : Clock::duration(length) / static_cast<int64_t>(kinds.size());
        for (const Flooded& flooded : FloodAtOnce(kind, manner, time)) tally.Add(kind, manner, flooded);
      }
      over = true;
      watcher.join();
      if (canceller.joinable()) canceller.join();
      ExpectKeepsAtMost(kMostKib, most.kib);
      if (target() != Target::kLibraryAlone) EXPECT_LE(most.handlers, target() == Target::kNative ? kMostHandlers : kMostOnGrpcpp);
      if (target() == Target::kNative) EXPECT_EQ(tally.seen, tally.expected) << "connections, by what became of them";
      return tally.Text() + ", at most " + std::to_string(most.kib) + " KiB kept and " + std::to_string(most.handlers) + " handlers" +
             (manner.beside_honest_cancels ? ", beside " + std::to_string(honest) + " honest cancels" : "");
    });
  }
  void Flood(const std::string& name, const Manner& manner, int64_t code, const Bytes& begin, const Bytes& next) {
    Flood(name, manner, {Kind{"", code, begin, next}});
  }

 private:
  static constexpr int64_t kSilent = -1, kNever = -2;
  // Of the memory, which the system tells, and of the handlers, for which the server has to write its metrics.
  static constexpr auto kLookInterval = std::chrono::milliseconds(5), kAskInterval = std::chrono::milliseconds(50);
  static constexpr Clock::duration kCutWithin = std::chrono::seconds(20);

  static std::string HowItEnded(int64_t code) {
    return code == kNever ? "not cut" : code == kSilent ? "cut without a word" : "cut by GOAWAY " + std::to_string(code);
  }

  // One connection of the flood: what was sent on it, and how it ended.
  struct Flooded {
    size_t sent = 0;
    int64_t code = kNever;
  };

  struct Tally {
    // Connections, by what became of them and by what should have.
    std::map<std::string, size_t> seen, expected;
    size_t sent = 0;
    size_t connections = 0;

    void Add(const Kind& kind, const Manner& manner, const Flooded& flooded) {
      const std::string prefix = kind.name.empty() ? "" : kind.name + " ";
      // Where a peer does not read, there may be no room for a last word.
      const bool silent = !manner.reads && flooded.code == kSilent;
      ++seen[prefix + HowItEnded(flooded.code)];
      ++expected[prefix + HowItEnded(silent ? kSilent : kind.code)];
      sent += flooded.sent;
      ++connections;
    }
    std::string Text() const {
      std::string text = std::to_string(sent >> 10) + " KiB sent on " + std::to_string(connections) + " connections";
      for (const auto& [what, count] : seen) text += ", " + std::to_string(count) + " x " + what;
      return text;
    }
  };

  // What the server took, at the most.
  struct Most {
    int64_t kib = 0;
    int64_t handlers = 0;
  };

  // Beyond the memory that it had `before`, until it is `over`.
  Most Watch(int64_t before, const std::atomic<bool>& over) {
    Most most;
    for (auto ask_at = Clock::now(); !over; std::this_thread::sleep_for(kLookInterval)) {
      most.kib = std::max(most.kib, Measure().resident_kib - before);
      if (Clock::now() < ask_at) continue;
      most.handlers = std::max(most.handlers, Metric("rota_actor_turns_in_progress"));
      ask_at = Clock::now() + kAskInterval;
    }
    return most;
  }

  std::vector<Flooded> FloodAtOnce(const Kind& kind, const Manner& manner, Clock::duration time) {
    std::vector<Flooded> all(manner.peers);
    std::vector<std::thread> others;
    for (size_t i = 1; i < all.size(); ++i) others.emplace_back([&, i] { all[i] = FloodOne(kind, manner.reads, time); });
    all[0] = FloodOne(kind, manner.reads, time);
    for (std::thread& other : others) other.join();
    return all;
  }

  Flooded FloodOne(const Kind& kind, bool reads, Clock::duration time) {
    Flooded flooded;
    RawConnection connection(address());
    connection.Start();
    connection.Send(kind.begin(connection));
    const auto until = Clock::now() + time;
    while (!connection.closed() && Clock::now() < until) {
      const std::string bytes = kind.next(connection);
      if (connection.Send(bytes, RawConnection::Seconds(0.1))) flooded.sent += bytes.size();
      if (reads) connection.ReadReady();
    }
    if (!connection.closed()) return flooded;
    connection.AwaitClose();
    flooded.code = connection.go_away() ? int64_t{*connection.go_away()} : kSilent;
    return flooded;
  }
};

std::string Nothing(RawConnection&) { return ""; }
std::string Repeat(const std::string& bytes, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += bytes;
  return all;
}

// These, one after the other.
Bytes Always(std::string bytes) {
  return [bytes = std::move(bytes)](RawConnection&) { return bytes; };
}
// What `one` makes for a stream, for a hundred of them.
Bytes OnEachStream(std::function<std::string(uint32_t stream)> one) {
  return [one = std::move(one)](RawConnection& connection) {
    std::string bytes;
    for (int i = 0; i < 100; ++i) bytes += one(connection.NextStream());
    return bytes;
  };
}

TEST_P(FloodTest, PingsWhoseAnswersAreRead) {
  Flood("PING flood", {}, kEnhanceYourCalm, Nothing, Always(Repeat(PingFrame("12345678"), 500)));
}

TEST_P(FloodTest, PingsWhoseAnswersNobodyReads) {
  Flood("PING flood, answers unread", {.reads = false}, kEnhanceYourCalm, Nothing, Always(Repeat(PingFrame("12345678"), 500)));
}

// Of the threads that read on grpcpp each keeps one, and one is left (kReaders in framework/transport/grpcpp/bridge.cc).
TEST_P(FloodTest, PingsOfTwoPeersAtOnce) {
  Flood("PING flood of two peers", {.peers = 2}, kEnhanceYourCalm, Nothing, Always(Repeat(PingFrame("12345678"), 500)));
}

TEST_P(FloodTest, SettingsWhoseAnswersAreRead) {
  Flood("SETTINGS flood", {}, kEnhanceYourCalm, Nothing, Always(Repeat(SettingsFrame({{4, 65535}}), 500)));
}

TEST_P(FloodTest, SettingsWhoseAnswersNobodyReads) {
  Flood("SETTINGS flood, answers unread", {.reads = false}, kEnhanceYourCalm, Nothing, Always(Repeat(SettingsFrame({{4, 65535}}), 500)));
}

TEST_P(FloodTest, EmptyDataFrames) {
  Flood("empty DATA flood", {}, kEnhanceYourCalm, Always(CallFrames(1, kDuplexCall)), Always(Repeat(FrameBytes(kData, 0, 1, ""), 500)));
}

TEST_P(FloodTest, WindowUpdates) {
  // The stream begins with the window that is usual, and so has room for all of it.
  Flood("WINDOW_UPDATE flood", {}, kEnhanceYourCalm, Always(SettingsFrame({{4, 65535}}) + CallFrames(1, kDuplexCall)),
        Always(Repeat(WindowUpdateFrame(1, 1), 500)));
}

// Begins a block on stream 3. The SETTINGS of both are acknowledged by then: in the midst of a block that would end the connection.
Bytes BlockWithoutEnd(const std::string& more) {
  return [more](RawConnection& connection) {
    connection.Call(kEmptyCall);
    return FrameBytes(kHeaders, 0, 3, Block(CallFields(kEmptyCall)) + more);
  };
}

TEST_P(FloodTest, ContinuationsWithoutEnd) {
  // CVE-2024-27316 and its like.
  const std::string fields = Block(Fields(100, {"x-flood", "0123456789"}));
  Flood("CONTINUATION flood", {}, kEnhanceYourCalm, BlockWithoutEnd(""), Always(FrameBytes(kContinuation, 0, 3, fields)));
}

TEST_P(FloodTest, AFieldWithoutEnd) {
  // Of 4 GiB, as it says itself.
  const std::string field = std::string("\0\x01" "a" "\x7f", 4) + "\x80\xff\xff\xff\x0f";
  Flood("field without end", {}, kEnhanceYourCalm, BlockWithoutEnd(field),
        Always(FrameBytes(kContinuation, 0, 3, std::string(kMaxFrameBytes, 'a'))));
}

TEST_P(FloodTest, RapidReset) {
  // CVE-2023-44487.
  Flood("rapid reset", {.beside_honest_cancels = true}, kEnhanceYourCalm, Nothing, OnEachStream([](uint32_t stream) {
          return CallFrames(stream, kDuplexCall) + DataFrames(stream, Message(""), false) + RstStreamFrame(stream, kCancel);
        }));
}

// MadeYouReset, CVE-2025-8671: what the client sends makes the server reset the stream by itself, so that no limit on streams holds while
// the handler runs on.
TEST_P(FloodTest, MadeYouReset) {
  const auto by = [](const std::string& name, const std::function<std::string(uint32_t)>& more, const Fields& fields = {}) {
    return Kind{name, kEnhanceYourCalm, Nothing, OnEachStream([=](uint32_t stream) {
                  return CallFrames(stream, kDuplexCall, fields) + DataFrames(stream, Message(""), false) + more(stream);
                })};
  };
  Flood("MadeYouReset", {.beside_honest_cancels = true},
        {// The window is as large as can be from the beginning on.
         by("WINDOW_UPDATE beyond 2^31 - 1", [](uint32_t stream) { return WindowUpdateFrame(stream, 1); }),
         by("more DATA than content-length", [](uint32_t stream) { return DataFrames(stream, "x", false); }, {{"content-length", "5"}}),
         by("less DATA than content-length", [](uint32_t stream) { return DataFrames(stream, "", true); }, {{"content-length", "50"}}),
         by("HEADERS within the body", [](uint32_t stream) { return HeadersFrames(stream, Block({{"x-more", "1"}})); }),
         by("malformed trailers", [](uint32_t stream) { return HeadersFrames(stream, Block({{"X-Upper", "1"}}), kEndStream); })});
}

// The same where nghttp2 ends the connection over it, as RFC 9113 allows (section 5.4.2): the first one is the last.
TEST_P(FloodTest, MadeYouResetByWhatEndsTheConnection) {
  const auto by = [](const std::string& name, int64_t code, bool ended, const std::function<std::string(uint32_t)>& more) {
    return Kind{name, code, Nothing, OnEachStream([=](uint32_t stream) {
                  return CallFrames(stream, kDuplexCall) + DataFrames(stream, Message(""), ended) + more(stream);
                })};
  };
  constexpr uint8_t kHasPriority = 0x20;
  const auto on = [](uint32_t stream) { return Number(stream, 4) + Number(16, 1); };
  const std::string more = Block({{"x-more", "1"}});
  Flood("MadeYouReset, connection errors", {.beside_honest_cancels = true},
        {by("WINDOW_UPDATE of 0", kProtocolError, false, [](uint32_t stream) { return WindowUpdateFrame(stream, 0); }),
         by("DATA behind END_STREAM", kStreamClosed, true, [](uint32_t stream) { return DataFrames(stream, "x", false); }),
         by("HEADERS behind END_STREAM", kStreamClosed, true, [more](uint32_t stream) { return HeadersFrames(stream, more, kEndStream); }),
         by("PRIORITY on itself", kProtocolError, false, [on](uint32_t stream) { return FrameBytes(kPriority, 0, stream, on(stream)); }),
         by("PRIORITY of 4 bytes", kFrameSizeError, false, [](uint32_t stream) { return FrameBytes(kPriority, 0, stream, Number(1, 4)); }),
         Kind{"HEADERS on themselves", kProtocolError, Nothing, OnEachStream([on](uint32_t stream) {
                return FrameBytes(kHeaders, kHasPriority | kEndHeaders, stream, on(stream) + Block(CallFields(kDuplexCall)));
              })}});
}

TEST_P(FloodTest, AClientThatHonestlyCancelsAThousandCallsASecondIsLeftAlone) {
  Attack("1,000 honest cancels a second", [&] {
    const auto start = Clock::now();
    const size_t cancels = CancelHonestly(address(), true, [most = Rounds(1500, 10000)](size_t count) { return count < most; });
    const std::chrono::duration<double> taken = Clock::now() - start;
    return std::to_string(static_cast<int>(static_cast<double>(cancels) / taken.count())) + " cancels/s, " + std::to_string(cancels) + " in all";
  });
}

ROTA_FAULTS_ON_EVERY_TRANSPORT(FloodTest);

}  // namespace
}  // namespace rota::faults
