// Calls that say little and cost much: metadata and messages beyond every limit.

#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/faults/fault_test.h"
#include "tests/faults/raw_connection.h"

namespace rota::faults {
namespace {

constexpr const char* kEmptyCall = "/grpc.testing.TestService/EmptyCall";
constexpr int kResourceExhausted = 8;
constexpr int64_t kMostKib = 16 << 10;
// Of a message, as the server has it.
constexpr size_t kMostBytes = 4 << 20;

std::string Gzip(size_t zeros) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  std::string in(1 << 20, '\0'), out(1 << 16, '\0'), all;
  for (int result = Z_OK; result != Z_STREAM_END;) {
    if (stream.avail_in == 0 && zeros > 0) {
      stream.next_in = reinterpret_cast<Bytef*>(in.data());
      stream.avail_in = static_cast<uInt>(std::min(zeros, in.size()));
      zeros -= stream.avail_in;
    }
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    result = deflate(&stream, zeros == 0 && stream.avail_in == 0 ? Z_FINISH : Z_NO_FLUSH);
    all.append(out, 0, out.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  return all;
}

class MessageFaultTest : public FaultTest {
 protected:
  // Sends what `send` makes for a stream, several times on one connection: it is refused on its stream alone. gRPC's library may close the
  // connection over it, or wait for more: of the grpcpp transport, unless `on_grpcpp`, it is asked that others are served.
  void Send(const std::string& name, const std::function<void(RawConnection&, uint32_t stream)>& send, bool on_grpcpp = false) {
    const bool exact = target() == Target::kNative || on_grpcpp;
    Attack(name, [&] {
      const int64_t before = Measure().resident_kib;
      int64_t most = 0;
      std::map<std::string, size_t> said;
      std::unique_ptr<RawConnection> connection;
      const auto enough = Clock::now() + kEnough;
      for (size_t i = 0; i < Rounds(3, 50); ++i) {
        // The library unpacks all of a bomb, which takes seconds.
        if (target() == Target::kLibraryAlone && Clock::now() > enough) break;
        if (connection == nullptr || !exact) {
          connection = std::make_unique<RawConnection>(address());
          connection->Start();
        }
        const uint32_t stream = connection->NextStream();
        send(*connection, stream);
        const Answer answer = connection->Await(stream, exact ? RawConnection::kLimit : kPatience);
        ++said[answer.ended ? "status " + std::to_string(answer.status()) + " '" + answer.message() + "'"
               : answer.reset ? "RST_STREAM " + std::to_string(*answer.reset)
               : connection->closed() ? "closed, code " + std::to_string(connection->go_away().value_or(0)) : "no answer"];
        most = std::max(most, Measure().resident_kib - before);
        if (!exact) {
          // It may never be served.
          if (answer.ended && target() != Target::kLibraryAlone) EXPECT_EQ(answer.status(), kResourceExhausted) << answer.message();
          continue;
        }
        EXPECT_EQ(answer.status(), kResourceExhausted) << answer.message();
        // The state of the header compression is intact: the connection goes on.
        EXPECT_EQ(connection->Call(kEmptyCall, "", {{"x-after", "the fault"}}).status(), 0);
        EXPECT_FALSE(connection->closed()) << "code " << connection->go_away().value_or(999);
        if (connection->closed()) break;
      }
      ExpectKeepsAtMost(kMostKib, most);
      std::string told;
      for (const auto& [what, times] : said) told += std::to_string(times) + " x " + what + ", ";
      return told + "at most " + std::to_string(most) + " KiB kept";
    });
  }

  void SendFields(const std::string& name, const std::string& block) {
    Send(name, [&](RawConnection& connection, uint32_t stream) { connection.Send(HeadersFrames(stream, block, kEndStream)); });
  }

 private:
  using Clock = std::chrono::steady_clock;

  static constexpr RawConnection::Seconds kPatience{0.3};
  static constexpr auto kEnough = std::chrono::seconds(3);
};

TEST_P(MessageFaultTest, AMebibyteOfMetadataIsRefusedOnItsStreamAlone) {
  const std::string block = Block(CallFields(kEmptyCall)) + Block(Fields(32, {"x-much", std::string(32 << 10, 'm')}));
  SendFields("1 MiB of metadata", block);
}

TEST_P(MessageFaultTest, SixtyFourThousandTinyFieldsAreRefusedOnTheirStreamAlone) {
  // Half of them in full, in ten frames; half as an honest encoder would, written once and named again.
  const std::string block =
      Block(CallFields(kEmptyCall)) + Block(Fields(32000, {"a", "b"})) + IndexedLiteral("a", "b") + std::string(31999, kNewestEntry);
  SendFields("64,000 tiny fields", block);
}

TEST_P(MessageFaultTest, AnHpackBombIsRefusedOnItsStreamAlone) {
  // One entry of 4,000 bytes, which each further byte names again: 64 MB.
  const std::string block = Block(CallFields(kEmptyCall)) + IndexedLiteral("x-bomb", std::string(3900, 'b')) + std::string(16000, kNewestEntry);
  SendFields("HPACK bomb", block);
}

TEST_P(MessageFaultTest, AFieldOfAnySizeIsRefusedOnItsStreamAlone) {
  // The decoder of nghttp2 takes 64 KiB.
  for (const size_t size : {size_t{64} << 10, (size_t{64} << 10) + 1, size_t{1} << 20}) {
    const std::string block = Block(CallFields(kEmptyCall)) + IndexedLiteral("x-much", std::string(size, 'm'));
    SendFields("one field of " + std::to_string(size) + " bytes", block);
  }
}

TEST_P(MessageFaultTest, ALengthOf4GiBAllocatesNothing) {
  const std::string bytes = std::string("\0\xff\xff\xff\xff", 5) + std::string(100, 'x');
  Send("length prefix 0xFFFFFFFF", [&](RawConnection& connection, uint32_t stream) {
    connection.Send(CallFrames(stream, kEmptyCall));
    connection.SendData(stream, bytes, false);
  });
}

TEST_P(MessageFaultTest, AGzipBombIsNotUnpacked) {
  const std::string bomb = Message(Gzip(Rounds(256, 1024) << 20), true);
  Send(
      "gzip bomb",
      [&](RawConnection& connection, uint32_t stream) {
        connection.Send(CallFrames(stream, kEmptyCall, {{"grpc-encoding", "gzip"}}));
        connection.SendData(stream, bomb, true);
      },
      /*on_grpcpp=*/true);
}

TEST_P(MessageFaultTest, MessagesThatUnpackToTheLimitHoldNobodyUp) {
  // Zeros are no message of protobuf.
  constexpr int kInternal = 13;
  const std::string bomb = Message(Gzip(kMostBytes), true);
  const auto attack = [&] {
    const int64_t before = Measure().resident_kib;
    RawConnection connection(address());
    connection.Start();
    std::vector<uint32_t> streams(Rounds(30, 300));
    for (uint32_t& stream : streams) {
      stream = connection.NextStream();
      connection.Send(CallFrames(stream, kEmptyCall, {{"grpc-encoding", "gzip"}}));
      connection.SendData(stream, bomb, true);
    }
    int64_t most = 0;
    for (const uint32_t stream : streams) {
      const Answer answer = connection.Await(stream);
      EXPECT_EQ(answer.status(), kInternal) << answer.message();
      // As one that could not be unpacked would be, but for what it says.
      EXPECT_NE(answer.message().find("is not a valid"), std::string::npos) << answer.message();
      most = std::max(most, Measure().resident_kib - before);
    }
    ExpectKeepsAtMost(kMostKib, most);
    return std::to_string(streams.size()) + " messages, at most " + std::to_string(most) + " KiB kept";
  };
  Attack("4 MiB of zeros in 4 KiB, many at once", attack, Work::kOfRota);
}

ROTA_FAULTS_ON_EVERY_TRANSPORT(MessageFaultTest);

}  // namespace
}  // namespace rota::faults
