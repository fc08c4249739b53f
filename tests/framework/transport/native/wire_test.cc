// What the native transport says on the wire, frame by frame.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "tests/faults/raw_connection.h"
#include "tests/framework/transport/client_call.h"
#include "tests/framework/transport/native/wire_client.h"
#include "tests/framework/transport/server_test_base.h"

namespace rota {
namespace {

using faults::RawConnection;
using native::Fields;
using native::WireClient;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kHeaders[] = "HEADERS 1 :status=200 content-type=application/grpc";
constexpr char kOk[] = "HEADERS 1 end grpc-status=0";

class WireTest : public ServerTestBase {
 protected:
  // The frames that answer one request.
  std::vector<std::string> AnswerTo(const Fields& fields, const std::string& body = WireClient::Message("hello"),
                                    const std::string& last = "HEADERS 1 end") {
    std::vector<std::string> frames;
    RunWith([&] {
      WireClient client(address_);
      const int32_t stream = client.Open(fields, body);
      EXPECT_TRUE(client.WaitFor(last));
      frames = client.FramesOf(stream);
    });
    // An answer that overtakes the end of its request is followed by a reset without an error (RFC 9113, section 8.1).
    std::erase(frames, "RST_STREAM 1 0");
    return frames;
  }
};
INSTANTIATE_TEST_SUITE_P(Native, WireTest, ::testing::Values(kTransports[0]), TransportName);

// ---- Answers.

TEST_P(WireTest, AUnaryAnswerIsHeadersDataAndTrailers) {
  OnEachCall(Echo);
  Listen();
  EXPECT_THAT(AnswerTo(WireClient::Request("/a.B/C")), ElementsAre(kHeaders, "DATA 1 10", kOk));
}

TEST_P(WireTest, AStatusWithoutMessagesIsOneFrame) {
  OnEachCall([](ScriptedSink& sink) {
    sink.on_half_close = [&sink] { sink.Finish(NotFoundError("no file 'ä'")); };
  });
  Listen();
  EXPECT_THAT(AnswerTo(WireClient::Request("/a.B/C"), ""),
              ElementsAre("HEADERS 1 end :status=200 content-type=application/grpc grpc-status=5 grpc-message=no file '%C3%A4'"));
}

TEST_P(WireTest, AnOkWithoutMessagesIsOneFrameAsWell) {
  OnEachCall([](ScriptedSink& sink) {
    sink.on_half_close = [&sink] { sink.Finish(); };
  });
  Listen();
  EXPECT_THAT(AnswerTo(WireClient::Request("/a.B/C"), ""), ElementsAre("HEADERS 1 end :status=200 content-type=application/grpc grpc-status=0"));
}

TEST_P(WireTest, HeadersOfTheHandlerStandApartFromTrailers) {
  OnEachCall([](ScriptedSink& sink) {
    sink.on_half_close = [&sink] {
      Metadata headers, trailers;
      headers.Add("x-first", "1");
      trailers.Add("x-last-bin", "fo");
      sink.call->SendHeaders(headers);
      sink.Finish(OkStatus(), trailers);
    };
  });
  Listen();
  EXPECT_THAT(AnswerTo(WireClient::Request("/a.B/C"), ""), ElementsAre(std::string(kHeaders) + " x-first=1", std::string(kOk) + " x-last-bin=Zm8"));
}

TEST_P(WireTest, MessagesThatAreWrittenTogetherShareAFrame) {
  OnEachCall([](ScriptedSink& sink) {
    sink.on_half_close = [&sink] {
      for (int i = 0; i < 100; ++i) sink.Write("0123456789");
      sink.Finish();
    };
  });
  Listen();
  EXPECT_THAT(AnswerTo(WireClient::Request("/a.B/C"), ""), ElementsAre(kHeaders, "DATA 1 1500", kOk));
}

TEST_P(WireTest, AnEarlyStatusIsFollowedByAResetWithoutError) {
  OnEachCall([](ScriptedSink& sink) {
    sink.AddCredit(1);
    sink.on_message = [&sink] { sink.Finish(); };
  });
  Listen();
  RunWith([&] {
    WireClient client(address_);
    client.Open(WireClient::Request("/a.B/C"), WireClient::Message("first of many"), false);
    EXPECT_TRUE(client.WaitFor("RST_STREAM"));
    EXPECT_THAT(client.FramesOf(1), ElementsAre("HEADERS 1 end :status=200 content-type=application/grpc grpc-status=0", "RST_STREAM 1 0"));
  });
  EXPECT_TRUE(only_sink().outcome.ok()) << only_sink().outcome.ToString();
}

// The peer decodes by RFC 7541, section 4.2: after such SETTINGS the next header block begins with the new size.
TEST_P(WireTest, APeerThatChangesItsTableIsToldOfTheNewSizeFirst) {
  OnEachCall([](ScriptedSink& sink) {
    sink.AddCredit(1);
    sink.on_message = [&sink] { sink.Write(sink.messages.back()); };
  });
  Listen();
  RunWith([&] {
    WireClient client(address_);
    const auto finish = [&](size_t call) {
      loop_.Post([&, call] {
        sinks_[call]->Write("last");
        sinks_[call]->Finish();
      });
    };
    for (const char* first : {"DATA 1", "DATA 3", "DATA 5"}) {
      client.Open(WireClient::Request("/a.B/C"), WireClient::Message("first"));
      EXPECT_TRUE(client.WaitFor(first));
    }
    finish(0);
    EXPECT_TRUE(client.WaitFor(kOk));
    // Down and up again, while two calls have their headers and no trailers yet.
    client.LimitTable(0);
    client.LimitTable(4096);
    EXPECT_TRUE(client.WaitUntil([&] { return std::count(client.frames().begin(), client.frames().end(), "SETTINGS ack") == 3; }));
    finish(1);
    EXPECT_TRUE(client.WaitFor("HEADERS 3 end grpc-status=0"));
    client.LimitTable(0);
    EXPECT_TRUE(client.WaitUntil([&] { return std::count(client.frames().begin(), client.frames().end(), "SETTINGS ack") == 4; }));
    client.Open(WireClient::Request("/a.B/C"), WireClient::Message("first"));
    EXPECT_TRUE(client.WaitFor("DATA 7"));
    finish(2);
    finish(3);
    EXPECT_TRUE(client.WaitFor("HEADERS 5 end grpc-status=0"));
    EXPECT_TRUE(client.WaitFor("HEADERS 7 end grpc-status=0"));
  });
}

// ---- Requests that are none.

TEST_P(WireTest, AMalformedRequestIsResetAloneAndNeverBegins) {
  OnEachCall(Echo);
  Listen();
  const Fields changes = {{":path", ""},       {":scheme", ""},   {":authority", ""},       {":status", "200"},
                          {"connection", "x"}, {"te", "deflate"}, {"content-length", "11"}};
  RunWith([&] {
    WireClient client(address_);
    for (const auto& change : changes) {
      const int32_t stream = client.Open(WireClient::Request("/a.B/C", {change}), WireClient::Message("hello"));
      EXPECT_TRUE(client.WaitFor("RST_STREAM " + std::to_string(stream) + " 1")) << change.first;
      EXPECT_EQ(client.FramesOf(stream).size(), 1u) << change.first;
    }
    const int32_t good = client.Open(WireClient::Request("/a.B/C", {{"content-length", "10"}}), WireClient::Message("hello"));
    EXPECT_TRUE(client.WaitFor("HEADERS " + std::to_string(good) + " end grpc-status=0"));
  });
}

TEST_P(WireTest, WhatIsNotGrpcIsAnsweredInTheWordsOfHttp) {
  Listen();
  EXPECT_THAT(AnswerTo(WireClient::Request("/a.B/C", {{":method", "GET"}}), "", "DATA 1"),
              ElementsAre("HEADERS 1 :status=405 content-type=text/plain; charset=utf-8", "DATA 1 31 end"));
  EXPECT_THAT(sinks_, IsEmpty());
}

TEST_P(WireTest, AnotherContentTypeIs415) {
  Listen();
  EXPECT_THAT(AnswerTo(WireClient::Request("/a.B/C", {{"content-type", "application/grpc+json"}}), "", "DATA 1"),
              ElementsAre("HEADERS 1 :status=415 content-type=text/plain; charset=utf-8", "DATA 1 72 end"));
}

TEST_P(WireTest, DataOnAStreamThatThePeerHasResetEndsTheConnection) {
  OnEachCall([](ScriptedSink&) {});
  Listen();
  RunWith([&] {
    WireClient client(address_);
    const int32_t stream = client.Open(WireClient::Request("/a.B/C"), "", false);
    client.Reset(stream, NGHTTP2_CANCEL);
    client.SendRaw(std::string("\0\0\1\0\0\0\0\0\1x", 10));
    EXPECT_TRUE(client.WaitFor(" 5 frame on a closed stream"));
    EXPECT_TRUE(client.WaitForEnd());
  });
}

TEST_P(WireTest, DataOnAStreamThatWasResetHereIsLetThrough) {
  OnEachCall([](ScriptedSink& sink) { sink.Finish(); });
  Listen();
  RunWith([&] {
    WireClient client(address_);
    client.Open(WireClient::Request("/a.B/C"), "", false);
    EXPECT_TRUE(client.WaitFor("RST_STREAM 1 0"));
    client.SendRaw(std::string("\0\0\1\0\0\0\0\0\1x", 10));
    client.Open(WireClient::Request("/a.B/C"), "");
    EXPECT_TRUE(client.WaitFor("HEADERS 3 end"));
  });
}

TEST_P(WireTest, AMalformedTimeoutFailsTheCall) {
  Listen();
  EXPECT_THAT(AnswerTo(WireClient::Request("/a.B/C", {{"grpc-timeout", "soon"}}), ""),
              Contains(HasSubstr("grpc-status=13 grpc-message=grpc-timeout 'soon' is malformed")));
}

TEST_P(WireTest, AnUnknownEncodingIsToldWhichThereAre) {
  Listen();
  EXPECT_THAT(AnswerTo(WireClient::Request("/a.B/C", {{"grpc-encoding", "snappy"}}), ""),
              Contains(HasSubstr("grpc-accept-encoding=identity, gzip grpc-status=12")));
}

TEST_P(WireTest, ACompressedMessageWithoutAnEncodingIsAnError) {
  OnEachCall(Echo);
  Listen();
  std::string body = WireClient::Message("hello");
  body[0] = 1;
  EXPECT_THAT(AnswerTo(WireClient::Request("/a.B/C"), body), Contains(HasSubstr("grpc-status=13")));
  EXPECT_EQ(only_sink().outcome.code(), StatusCode::kInternal);
}

TEST_P(WireTest, AStreamThatEndsWithinAMessageIsAnError) {
  OnEachCall(Echo);
  Listen();
  EXPECT_THAT(AnswerTo(WireClient::Request("/a.B/C"), WireClient::Message("hello").substr(0, 8)), Contains(HasSubstr("grpc-status=13")));
  EXPECT_FALSE(only_sink().half_closed);
}

TEST_P(WireTest, TooMuchMetadataIsRefusedOnItsStreamOnly) {
  OnEachCall(Echo);
  Listen();
  RunWith([&] {
    WireClient client(address_);
    // Indexed by HPACK on both sides, so the next request tells whether the tables still agree.
    client.Open(WireClient::Request("/a.B/C", {{"x-kept", "value"}, {"x-big", std::string(20000, 'a')}}), "");
    EXPECT_TRUE(client.WaitFor("HEADERS 1 end :status=200 content-type=application/grpc grpc-status=8"));
    client.Open(WireClient::Request("/a.B/C", {{"x-kept", "value"}}), WireClient::Message("hello"));
    EXPECT_TRUE(client.WaitFor("HEADERS 3 end grpc-status=0"));
  });
  EXPECT_EQ(only_sink().messages.size(), 1u);
}

TEST_P(WireTest, TooMuchMetadataIsAnsweredBeforeTheRestOfItHasCome) {
  std::vector<std::string> later;
  OnEachCall([&](ScriptedSink& sink) {
    later.emplace_back(sink.call->start().metadata.Get("x-later").value_or(""));
    sink.Finish();
  });
  Listen();
  RunWith([&] {
    RawConnection client(address_);
    client.Start();
    // Its SETTINGS are acknowledged by then, and not in the midst of a header block.
    EXPECT_EQ(client.Call("/a.B/C").status(), 0);
    const std::string block = faults::Block(faults::CallFields("/a.B/C"));
    const std::string big = faults::IndexedLiteral("x-big", std::string(3900, 'b')) + std::string(200, faults::kNewestEntry);
    client.Send(faults::FrameBytes(faults::kHeaders, 0, 3, block + big));
    EXPECT_EQ(client.Await(3).status(), 8);
    EXPECT_EQ(client.Await(3).reset, NGHTTP2_NO_ERROR);
    // What is only decoded from here on is in the table all the same.
    client.Send(faults::FrameBytes(faults::kContinuation, faults::kEndHeaders, 3,
                                   std::string(16000, faults::kNewestEntry) + faults::IndexedLiteral("x-later", "value")));
    client.Send(faults::HeadersFrames(5, block + faults::kNewestEntry, faults::kEndStream));
    EXPECT_EQ(client.Await(5).status(), 0);
  });
  EXPECT_THAT(later, ElementsAre("", "value"));
}

// nghttp2 by itself ends the connection over a name or a value of more than 64 KiB.
TEST_P(WireTest, AFieldOfAnySizeIsRefusedOnItsStreamOnly) {
  std::vector<std::string> got;
  OnEachCall([&](ScriptedSink& sink) {
    const Metadata& metadata = sink.call->start().metadata;
    got.push_back(std::string(metadata.Get("x-kept").value_or("")) + "," + std::string(metadata.Get("x-later").value_or("")));
    sink.on_half_close = [&sink] { sink.Finish(); };
  });
  Listen();
  const std::string call = faults::Block(faults::CallFields("/a.B/C"));
  size_t refused = 0;
  RunWith([&] {
    RawConnection client(address_);
    client.Start();
    const auto begin = [&](const std::string& more, uint8_t flags = faults::kEndStream) {
      const uint32_t stream = client.NextStream();
      client.Send(faults::HeadersFrames(stream, call + more, flags));
      return stream;
    };
    const uint32_t other = begin("", 0);
    for (const size_t size : {size_t{64} << 10, (size_t{64} << 10) + 1, size_t{1} << 20}) {
      const std::string big(size, 'a');
      const auto plain = [](const std::string& text) { return faults::Literal("", text).substr(2); };
      EXPECT_EQ(client.Await(begin(faults::IndexedLiteral("x-kept", "1"))).status(), 0);
      // These leave the table alone.
      for (const std::string& field : {faults::Literal("x-big", big), faults::Literal(big, big), "\x0f\x2b" + plain(big)}) {
        EXPECT_EQ(client.Await(begin(field)).status(), 8) << size;
        EXPECT_EQ(client.Await(begin(std::string(1, faults::kNewestEntry))).status(), 0) << size;
        ++refused;
      }
      // And this one empties it.
      EXPECT_EQ(client.Await(begin(faults::IndexedLiteral("x-big", big) + faults::IndexedLiteral("x-later", "2"))).status(), 8) << size;
      EXPECT_EQ(client.Await(begin(std::string(1, faults::kNewestEntry))).status(), 0) << size;
      ++refused;
    }
    client.Send(faults::FrameBytes(faults::kData, faults::kEndStream, other, ""));
    EXPECT_EQ(client.Await(other).status(), 0);
    EXPECT_FALSE(client.closed());
  });
  EXPECT_EQ(refused, 12u);
  const std::vector<std::string> round = {"1,", "1,", "1,", "1,", ",2"};
  std::vector<std::string> all = {","};
  for (int i = 0; i < 3; ++i) all.insert(all.end(), round.begin(), round.end());
  EXPECT_EQ(got, all);
}

TEST_P(WireTest, TrailersOfAnySizeCostOnlyTheirCall) {
  OnEachCall(Echo);
  Listen();
  RunWith([&] {
    RawConnection client(address_);
    client.Start();
    const uint32_t stream = client.NextStream();
    client.Send(faults::CallFrames(stream, "/a.B/C"));
    client.Send(faults::HeadersFrames(stream, faults::Literal("x-big", std::string(100000, 'a')), faults::kEndStream));
    EXPECT_EQ(client.Await(stream).reset, NGHTTP2_INTERNAL_ERROR);
    EXPECT_EQ(client.Call("/a.B/C", "hello").status(), 0);
  });
}

TEST_P(WireTest, ABlockOfMoreThan129FramesEndsItsConnection) {
  OnEachCall(Echo);
  Listen();
  RunWith([&] {
    for (const size_t more : {size_t{128}, size_t{129}}) {
      RawConnection client(address_);
      client.Start();
      EXPECT_EQ(client.Call("/a.B/C", "hello").status(), 0);
      // One field, whose text ends where the last frame does.
      const std::string field = faults::Literal("x", std::string(more * faults::kMaxFrameBytes, 'a'));
      const size_t begin = field.size() - more * faults::kMaxFrameBytes;
      const uint32_t stream = client.NextStream();
      const std::string block = faults::Block(faults::CallFields("/a.B/C"));
      client.Send(faults::FrameBytes(faults::kHeaders, faults::kEndStream, stream, block + field.substr(0, begin)));
      for (size_t i = 1; i <= more; ++i) {
        const uint8_t flags = i == more ? faults::kEndHeaders : 0;
        client.Send(faults::FrameBytes(faults::kContinuation, flags, stream, field.substr(begin + (i - 1) * faults::kMaxFrameBytes, faults::kMaxFrameBytes)));
        // What is answered on the way is read, so that nobody waits for it.
        client.ReadReady();
      }
      if (more == 128) {
        EXPECT_EQ(client.Await(stream).status(), 8);
        EXPECT_EQ(client.Call("/a.B/C", "hello").status(), 0);
      } else {
        EXPECT_TRUE(client.AwaitClose());
      }
    }
  });
}

TEST_P(WireTest, WhatFollowsTooMuchMetadataInTheSameReadIsServed) {
  OnEachCall([](ScriptedSink& sink) { sink.Finish(); });
  Listen();
  RunWith([&] {
    RawConnection client(address_);
    client.Start();
    const std::string block = faults::Block(faults::CallFields("/a.B/C"));
    const std::string big = faults::IndexedLiteral("x-big", std::string(3900, 'b')) + std::string(10000, faults::kNewestEntry);
    client.Send(faults::HeadersFrames(1, block + big, faults::kEndStream) + faults::HeadersFrames(3, block, faults::kEndStream));
    EXPECT_EQ(client.Await(1).status(), 8);
    EXPECT_EQ(client.Await(3).status(), 0);
  });
}

TEST_P(WireTest, ManyCallsInOneReadAreBegunInTurnsAndAllAnswered) {
  size_t most_at_once = 0, begun = 0;
  OnEachCall([&](ScriptedSink& sink) {
    if (begun++ == 0) loop_.SetImmediate([&] { most_at_once = begun; });
    sink.Finish();
  });
  Listen();
  RunWith([&] {
    RawConnection client(address_);
    client.Start();
    std::string bytes;
    for (int i = 0; i < 900; ++i) bytes += faults::HeadersFrames(client.NextStream(), faults::Block(faults::CallFields("/a.B/C")), faults::kEndStream);
    client.Send(bytes);
    for (uint32_t stream = 1; stream < 1800; stream += 2) ASSERT_EQ(client.Await(stream).status(), 0) << stream;
  });
  EXPECT_EQ(begun, 900u);
  EXPECT_LE(most_at_once, 64u);
}

TEST_P(WireTest, TrailersWithoutEndCostOnlyTheirCall) {
  OnEachCall(Echo);
  Listen();
  RunWith([&] {
    RawConnection client(address_);
    client.Start();
    client.Send(faults::CallFrames(client.NextStream(), "/a.B/C"));
    const std::string trailers = faults::IndexedLiteral("x-big", std::string(3900, 'b')) + std::string(10000, faults::kNewestEntry);
    client.Send(faults::HeadersFrames(1, trailers, faults::kEndStream));
    EXPECT_EQ(client.Await(1).reset, NGHTTP2_INTERNAL_ERROR);
    EXPECT_EQ(client.Call("/a.B/C", "hello").status(), 0);
  });
}

TEST_P(WireTest, WhoSendsTooMuchMetadataAgainAndAgainIsToldToBeCalm) {
  Listen();
  RunWith([&] {
    RawConnection client(address_);
    client.Start();
    int refused = 0;
    while (!client.closed() && refused < 300) {
      refused += client.Call("/a.B/C", "", {{"x-big", std::string(17000, 'a')}}).status() == 8 ? 1 : 0;
    }
    EXPECT_EQ(client.go_away(), NGHTTP2_ENHANCE_YOUR_CALM);
    EXPECT_GE(refused, 200);
    EXPECT_LT(refused, 300);
  });
}

// RFC 9113, section 4.2. Without this a block could have a hundred times what its greatest number of frames allows.
TEST_P(WireTest, AContinuationThatIsTooLargeEndsTheConnection) {
  OnEachCall([](ScriptedSink& sink) { sink.Finish(); });
  Listen();
  RunWith([&] {
    for (const size_t size : {faults::kMaxFrameBytes, faults::kMaxFrameBytes + 1}) {
      RawConnection client(address_);
      client.Start();
      const std::string block = faults::Block(faults::CallFields("/a.B/C"));
      const std::string fill(size, static_cast<char>(0x82));  // ":method: GET", again and again.
      const uint32_t stream = client.NextStream();
      client.Send(faults::FrameBytes(faults::kHeaders, faults::kEndStream, stream, block) +
                  faults::FrameBytes(faults::kContinuation, faults::kEndHeaders, stream, fill));
      if (size <= faults::kMaxFrameBytes) {
        EXPECT_EQ(client.Call("/a.B/C").status(), 0);
      } else {
        EXPECT_TRUE(client.AwaitClose());
        EXPECT_EQ(client.go_away(), NGHTTP2_FRAME_SIZE_ERROR);
      }
    }
  });
}

// ---- Flow control.

TEST_P(WireTest, MessagesThatNobodyReadsStopTheSender) {
  Signal go;
  ScriptedSink* waiting = nullptr;
  std::atomic<bool> read{false};
  OnEachCall([&](ScriptedSink& sink) { waiting = &sink; });
  Listen();
  RunWith([&] {
    WireClient client(address_);
    std::string body;
    for (int i = 0; i < 100; ++i) body += WireClient::Message(std::string(10000, 'm'));
    const size_t all = body.size();
    const int32_t stuck = client.Open(WireClient::Request("/a.B/C"), body);
    // It takes a window, and no more, while another call on the connection goes on.
    client.Ping();
    EXPECT_TRUE(client.WaitFor("PING ack"));
    const size_t taken = all - client.Unsent(stuck);
    EXPECT_GT(taken, 60000u);
    EXPECT_LE(taken, size_t{256} << 10);
    loop_.Post([&] {
      waiting->AddCredit(1000);
      waiting->on_half_close = [&] {
        read = true;
        waiting->Finish();
      };
    });
    EXPECT_TRUE(client.WaitFor("grpc-status=0"));
  });
  EXPECT_TRUE(read);
  EXPECT_EQ(only_sink().messages.size(), 100u);
}

TEST_P(WireTest, AWindowThatIsFilledWithinARoundTripGrows) {
  OnEachCall([](ScriptedSink& sink) {
    sink.AddCredit(1000);
    sink.on_half_close = [&sink] { sink.Finish(); };
  });
  Listen();
  RunWith([&] {
    WireClient client(address_);
    client.StopAnswering();
    std::string body;
    for (int i = 0; i < 100; ++i) body += WireClient::Message(std::string(10000, 'm'));
    client.Open(WireClient::Request("/a.B/C"), body);
    EXPECT_TRUE(client.WaitFor("HEADERS 1 end"));
    const auto count = [&](const std::string& frame) { return std::count(client.frames().begin(), client.frames().end(), frame); };
    EXPECT_EQ(count("PING"), 1);
    EXPECT_EQ(count("SETTINGS"), 1);
    client.Answer();
    EXPECT_TRUE(client.WaitUntil([&] { return count("SETTINGS") == 2; }));
    EXPECT_GT(client.Window(), 1 << 20);
  });
}

TEST_P(WireTest, StreamsThatNobodyReadsHoldABoundedAmountTogether) {
  std::vector<ScriptedSink*> waiting;
  OnEachCall([&](ScriptedSink& sink) {
    sink.on_half_close = [&sink] { sink.Finish(); };
    waiting.push_back(&sink);
  });
  Listen();
  RunWith([&] {
    WireClient client(address_);
    const std::string body = WireClient::Message(std::string(200000, 'm'));
    constexpr int kStreams = 150;
    std::vector<int32_t> streams;
    for (int i = 0; i < kStreams; ++i) streams.push_back(client.Open(WireClient::Request("/a.B/C"), body));
    const auto taken = [&] {
      size_t bytes = 0;
      for (const int32_t stream : streams) bytes += body.size() - client.Unsent(stream);
      return bytes;
    };
    // 30 MB are offered: 16 MiB are held, and a window of at most 8 MiB is on its way.
    EXPECT_TRUE(client.WaitUntil([&] { return taken() >= size_t{16} << 20; }));
    for (int i = 0; i < 3; ++i) client.Ping();
    EXPECT_TRUE(client.WaitUntil([&] { return std::count(client.frames().begin(), client.frames().end(), "PING ack") == 3; }));
    EXPECT_LE(taken(), (size_t{24} << 20) + body.size());
    loop_.Post([&] {
      OnEachCall([](ScriptedSink& sink) {
        sink.AddCredit(1);
        sink.on_half_close = [&sink] { sink.Finish(); };
      });
      for (ScriptedSink* sink : waiting) sink->AddCredit(1);
    });
    EXPECT_TRUE(client.WaitUntil([&] { return taken() == body.size() * kStreams; }));
    const auto ended = [](const std::string& frame) { return frame.starts_with("HEADERS") && frame.find(" end") != std::string::npos; };
    EXPECT_TRUE(client.WaitUntil([&] { return std::count_if(client.frames().begin(), client.frames().end(), ended) == kStreams; }));
  });
  for (const auto& sink : sinks_) EXPECT_EQ(sink->messages.size(), 1u);
}

// ---- Limits.

TEST_P(WireTest, AResetCallCountsUntilItsHandlerHasEnded) {
  std::vector<Ref<RefCounted>> handlers;
  OnEachCall([&](ScriptedSink& sink) {
    handlers.push_back(sink.call->start().slot);
    sink.AddCredit(1);
  });
  Listen({.max_concurrent_calls = 2});
  RunWith([&] {
    WireClient client(address_);
    for (int i = 0; i < 2; ++i) {
      const int32_t stream = client.Open(WireClient::Request("/a.B/C"), "", false);
      client.Ping();
      EXPECT_TRUE(client.WaitUntil([&] { return std::count(client.frames().begin(), client.frames().end(), "PING ack") == i + 1; }));
      client.Reset(stream, NGHTTP2_CANCEL);
    }
    client.Open(WireClient::Request("/a.B/C"), "");
    EXPECT_TRUE(client.WaitFor("HEADERS 5 end"));
    EXPECT_THAT(client.FramesOf(5).front(), HasSubstr("grpc-status=8 grpc-message=more than 2 calls at once"));
    loop_.Post([&] {
      handlers.clear();
      OnEachCall(Echo);
    });
    client.Ping();
    EXPECT_TRUE(client.WaitUntil([&] { return std::count(client.frames().begin(), client.frames().end(), "PING ack") == 3; }));
    client.Open(WireClient::Request("/a.B/C"), "");
    EXPECT_TRUE(client.WaitFor("HEADERS 7 end"));
    EXPECT_THAT(client.FramesOf(7).front(), HasSubstr("grpc-status=0"));
  });
}

TEST_P(WireTest, PingsThatComeTooOftenEndTheConnection) {
  Listen();
  RunWith([&] {
    WireClient client(address_);
    for (int i = 0; i < 5; ++i) client.Ping();
    EXPECT_TRUE(client.WaitFor("GOAWAY 0 11 too_many_pings"));
    EXPECT_TRUE(client.WaitForEnd());
  });
}

// ---- The life of a connection.

TEST_P(WireTest, DrainSaysGoodbyeTwiceAndLetsRunningCallsFinish) {
  ScriptedSink* running = nullptr;
  Signal draining;
  OnEachCall([&](ScriptedSink& sink) {
    if (running == nullptr) running = &sink; else Echo(sink);
  });
  Listen();
  RunWith([&] {
    WireClient client(address_);
    client.StopAnswering();
    client.Open(WireClient::Request("/a.B/C"), "");
    client.Ping();
    EXPECT_TRUE(client.WaitFor("PING ack"));
    loop_.Post([&] {
      server_->Drain(std::chrono::seconds(30), [this] { drained_ = true; });
      draining.Set();
    });
    EXPECT_TRUE(draining.Wait());
    // The client has not heard of it yet: this call is served.
    client.Open(WireClient::Request("/a.B/Late"), "");
    EXPECT_TRUE(client.WaitFor("GOAWAY 2147483647 0"));
    EXPECT_TRUE(client.WaitFor("HEADERS 3 end"));
    // The client never answers the PING, and after a second the last word comes all the same.
    EXPECT_TRUE(client.WaitFor("GOAWAY 3 0"));
    loop_.Post([&] { running->Finish(); });
    EXPECT_TRUE(client.WaitFor("HEADERS 1 end"));
    EXPECT_TRUE(client.WaitForEnd());
  });
}

TEST_P(WireTest, AnAnsweredPingBringsTheLastWord) {
  ScriptedSink* running = nullptr;
  OnEachCall([&](ScriptedSink& sink) { running = &sink; });
  Listen();
  RunWith([&] {
    WireClient client(address_);
    client.Open(WireClient::Request("/a.B/C"), "");
    client.Ping();
    EXPECT_TRUE(client.WaitFor("PING ack"));
    const size_t before = client.frames().size();
    loop_.Post([&] { server_->Drain(std::chrono::seconds(30), [this] { drained_ = true; }); });
    EXPECT_TRUE(client.WaitFor("GOAWAY 1 0"));
    EXPECT_THAT(std::vector<std::string>(client.frames().begin() + static_cast<ptrdiff_t>(before), client.frames().end()),
                ElementsAre("GOAWAY 2147483647 0 ", "PING", "GOAWAY 1 0 "));
    loop_.Post([&] { running->Finish(); });
    EXPECT_TRUE(client.WaitFor("HEADERS 1 end"));
    EXPECT_TRUE(client.WaitForEnd());
  });
}

// https://github.com/grpc/grpc/blob/master/doc/statuscodes.md: a server that shuts down says UNAVAILABLE.
TEST_P(WireTest, CallsThatOutlastTheGraceAreToldThatTheServerGoes) {
  OnEachCall([](ScriptedSink& sink) {
    if (sink.call->start().path == "/a.B/Talks") sink.Write("hello");
  });
  Listen();
  RunWith([&] {
    WireClient client(address_);
    client.Open(WireClient::Request("/a.B/Waits"), "", false);
    client.Open(WireClient::Request("/a.B/Talks"), "", true);
    EXPECT_TRUE(client.WaitFor("DATA 3 10"));
    loop_.Post([&] { server_->Drain(std::chrono::milliseconds(1), [this] { drained_ = true; }); });
    EXPECT_TRUE(client.WaitForEnd());
    const std::string goodbye = "grpc-status=14 grpc-message=the server is shutting down";
    EXPECT_THAT(client.FramesOf(1), ElementsAre("HEADERS 1 end :status=200 content-type=application/grpc " + goodbye, "RST_STREAM 1 0"));
    EXPECT_THAT(client.FramesOf(3),
                ElementsAre("HEADERS 3 :status=200 content-type=application/grpc", "DATA 3 10", "HEADERS 3 end " + goodbye));
  });
  ASSERT_EQ(sinks_.size(), 2u);
  for (const auto& sink : sinks_) EXPECT_EQ(sink->outcome, UnavailableError("the server is shutting down"));
}

TEST_P(WireTest, APeerThatTakesNoMessagesIsToldThatTheServerGoes) {
  Signal begun;
  OnEachCall([&](ScriptedSink& sink) {
    while (sink.Write(std::string(10000, 'x'))) {
    }
    begun.Set();
  });
  Listen();
  RunWith([&] {
    RawConnection client(address_);
    client.Start({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}});
    client.Send(faults::CallFrames(1, "/a.B/C"));
    EXPECT_TRUE(begun.Wait());
    loop_.Post([&] { server_->Drain(Duration::zero(), [this] { drained_ = true; }); });
    EXPECT_EQ(client.Await(1).status(), 14) << client.Await(1).message();
    EXPECT_TRUE(client.AwaitClose());
  });
  EXPECT_EQ(only_sink().outcome, UnavailableError("the server is shutting down"));
}

TEST_P(WireTest, ASilentPeerIsAskedForASignOfLife) {
  ServerOptions options;
  options.connections.keepalive_time = std::chrono::milliseconds(20);
  options.connections.keepalive_timeout = std::chrono::milliseconds(200);
  Listen(options);
  RunWith([&] {
    WireClient answering(address_), silent(address_);
    silent.StopAnswering();
    EXPECT_TRUE(silent.WaitFor("PING"));
    const auto pings = [&] { return std::count(answering.frames().begin(), answering.frames().end(), "PING"); };
    EXPECT_TRUE(answering.WaitUntil([&] { return pings() >= 3; }));
    EXPECT_TRUE(silent.WaitForEnd());
  });
}

TEST_P(WireTest, AnOldConnectionIsEndedAndItsCallFinishes) {
  ServerOptions options;
  options.connections.max_age = std::chrono::milliseconds(50);
  ScriptedSink* running = nullptr;
  OnEachCall([&](ScriptedSink& sink) { running = &sink; });
  Listen(options);
  RunWith([&] {
    WireClient client(address_);
    client.Open(WireClient::Request("/a.B/C"), "");
    EXPECT_TRUE(client.WaitFor("GOAWAY 2147483647 0"));
    EXPECT_TRUE(client.WaitFor("GOAWAY 1 0"));
    loop_.Post([&] { running->Finish(); });
    EXPECT_TRUE(client.WaitFor("HEADERS 1 end"));
    EXPECT_TRUE(client.WaitForEnd());
  });
}

TEST_P(WireTest, ACallThatOutlastsTheGraceOfAnOldConnectionIsToldSo) {
  ServerOptions options;
  options.connections.max_age = std::chrono::milliseconds(50);
  options.connections.max_age_grace = std::chrono::milliseconds(50);
  Listen(options);
  RunWith([&] {
    WireClient client(address_);
    client.Open(WireClient::Request("/a.B/C"), "");
    EXPECT_TRUE(client.WaitForEnd());
    EXPECT_THAT(client.frames(), Contains(StartsWith("GOAWAY 2147483647 0")));
    EXPECT_THAT(client.FramesOf(1), ElementsAre("HEADERS 1 end :status=200 content-type=application/grpc grpc-status=14 "
                                                "grpc-message=the connection is being ended, and its grace is over"));
  });
  EXPECT_EQ(only_sink().outcome, UnavailableError("the connection is being ended, and its grace is over"));
}

TEST_P(WireTest, AnIdleConnectionIsEnded) {
  ServerOptions options;
  options.connections.max_idle = std::chrono::milliseconds(50);
  Listen(options);
  RunWith([&] {
    WireClient client(address_);
    EXPECT_TRUE(client.WaitFor("GOAWAY 2147483647 0"));
    EXPECT_TRUE(client.WaitForEnd());
  });
}

TEST_P(WireTest, APeerThatNeverSpeaksIsCutOff) {
  ServerOptions options;
  options.connections.handshake_timeout = std::chrono::milliseconds(50);
  Listen(options);
  RunWith([&] {
    // A client of gRPC would send its preface; this one only connects.
    WireClient client(address_, false);
    EXPECT_TRUE(client.WaitForEnd());
  });
}

TEST_P(WireTest, AnAddressThatCannotBeBoundLeavesNothingOpen) {
  Listen();
  const std::unique_ptr<Server> other = GetParam().make(loop_, ServerOptions());
  const auto failed = other->Listen({"127.0.0.1:0", address_}, *this);
  EXPECT_THAT(failed.status().ToString(), HasSubstr("cannot listen on " + address_));
  RunWith([] {});
}

}  // namespace
}  // namespace rota
