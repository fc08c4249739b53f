#include "framework/transport/native/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "framework/base/log.h"
#include "framework/loop/event_loop.h"
#include "framework/rpc/transport.h"
#include "framework/testing/manual_clock.h"
#include "framework/transport/native/call_pool.h"
#include "framework/transport/native/host.h"
#include "framework/transport/native/output.h"
#include "tests/faults/frames.h"
#include "tests/framework/transport/native/fake_host.h"

namespace rota::native {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// Stands for the connection.
class FakeOwner final : public SessionOwner {
 public:
  void OnOutput() override { ++outputs; }
  void Keep(Payload message) override { kept.push_back(std::move(message)); }
  void FlushNow() override { ++flushes; }
  void OnReady() override { ++ready; }
  void OnSettled() override { ++settled; }
  void OnBlock(bool open) override { blocks.push_back(open); }
  void OnCalls(bool any) override { calls.push_back(any); }
  bool OnPing(bool) override { return ++pings <= most_pings; }

  int outputs = 0, flushes = 0, ready = 0, settled = 0, pings = 0;
  int most_pings = 1000;
  std::vector<bool> calls;
  std::vector<bool> blocks;
  std::vector<Payload> kept;
};

struct Frame {
  uint8_t type = 0;
  uint8_t flags = 0;
  uint32_t stream = 0;
  std::string payload;
};

uint32_t Read(std::string_view bytes) {
  uint32_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

// The session with the peer as plain bytes, and without a socket.
class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    SetLogLevel(LogLevel::kOff);
    host_.acceptor = &acceptor_;
    session_.emplace(host_, owner_, peer_);
  }
  ~SessionTest() override {
    session_.reset();
    host_.DeliverQueued();
    SetLogLevel(LogLevel::kInfo);
  }

  bool Receive(std::string bytes) { return session_->Receive({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()}); }
  // With all turns that it takes.
  void ReceiveAll(std::string bytes) {
    EXPECT_TRUE(Receive(std::move(bytes)));
    for (int turns = 0; session_->HoldsInput() && turns < 100; ++turns) EXPECT_TRUE(session_->ReceiveHeld());
    EXPECT_FALSE(session_->HoldsInput());
  }
  // What is sent until there is no more.
  std::vector<Frame> Gather() {
    std::string bytes;
    for (bool more = true; more;) {
      more = session_->Gather(*host_.output);
      for (const iovec& piece : host_.output->pieces()) bytes.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
      host_.output->Clear();
    }
    std::vector<Frame> frames;
    for (std::string_view left = bytes; !left.empty();) {
      const size_t size = Read(left.substr(0, 3));
      frames.push_back({static_cast<uint8_t>(left[3]), static_cast<uint8_t>(left[4]), Read(left.substr(5, 4)), std::string(left.substr(9, size))});
      left.remove_prefix(9 + size);
    }
    return frames;
  }
  static std::vector<int> Types(const std::vector<Frame>& frames) {
    std::vector<int> types;
    for (const Frame& frame : frames) types.push_back(frame.type);
    return types;
  }
  // The last stream and the error of a GOAWAY.
  static std::pair<uint32_t, uint32_t> GoAway(const std::vector<Frame>& frames) {
    for (const Frame& frame : frames) {
      if (frame.type == faults::kGoAway) return {Read(frame.payload.substr(0, 4)), Read(frame.payload.substr(4, 4))};
    }
    return {0, 999};
  }
  void SayHello() {
    EXPECT_TRUE(Receive(std::string(faults::kPreface) + faults::SettingsFrame()));
    Gather();
  }
  static std::string Head(uint32_t stream, uint8_t flags = 0) {
    return faults::HeadersFrames(stream, faults::Block(faults::CallFields("/a.B/C")), flags);
  }
  RecordingSink& sink(size_t index = 0) { return *acceptor_.sinks.at(index); }

  ManualClock clock_;
  EventLoop loop_{clock_};
  FakeHost host_{loop_, ServerOptions()};
  FakeOwner owner_;
  RecordingAcceptor acceptor_;
  const std::string peer_ = "peer";
  std::optional<Session> session_;
};

TEST_F(SessionTest, ItSpeaksFirstAndIsReadyOnceThePeerHasSpoken) {
  EXPECT_THAT(Types(Gather()), ElementsAre(faults::kSettings, faults::kWindowUpdate));
  EXPECT_THAT(Gather(), IsEmpty()) << "nothing is given twice";
  EXPECT_TRUE(Receive(std::string(faults::kPreface)));
  EXPECT_EQ(owner_.ready, 0);
  EXPECT_TRUE(Receive(faults::SettingsFrame()));
  EXPECT_EQ(owner_.ready, 1);
  EXPECT_THAT(Types(Gather()), ElementsAre(faults::kSettings));
  EXPECT_TRUE(Receive(faults::SettingsFrame()));
  EXPECT_EQ(owner_.ready, 1);
  EXPECT_EQ(owner_.settled, 0);
  EXPECT_TRUE(Receive(faults::FrameBytes(faults::kSettings, faults::kAck, 0, "")));
  EXPECT_EQ(owner_.settled, 1);
  EXPECT_FALSE(session_->IsOver());
}

TEST_F(SessionTest, WhatIsNoHttp2IsRefused) {
  EXPECT_FALSE(Receive("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_TRUE(session_->IsOver());
  EXPECT_THAT(Gather(), IsEmpty()) << "a broken session has no more to send";
  EXPECT_FALSE(Receive("more of it"));
}

TEST_F(SessionTest, ACallIsOnlyQueuedAndItsAnswerWaitsToBeGathered) {
  SayHello();
  EXPECT_TRUE(Receive(Head(1, faults::kEndStream)));
  EXPECT_THAT(owner_.calls, ElementsAre(true));
  EXPECT_THAT(acceptor_.sinks, IsEmpty());
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, ElementsAre("half-close"));
  const int outputs = owner_.outputs;
  sink().call->Finish(NotFoundError("x"), Metadata());
  EXPECT_GT(owner_.outputs, outputs);
  const std::vector<Frame> frames = Gather();
  ASSERT_THAT(Types(frames), ElementsAre(faults::kHeaders));
  EXPECT_EQ(frames[0].stream, 1u);
  EXPECT_EQ(frames[0].flags, faults::kEndStream | faults::kEndHeaders);
  EXPECT_THAT(owner_.calls, ElementsAre(true, false));
  host_.DeliverQueued();
  EXPECT_TRUE(sink().outcome.ok());
}

// What a host must not do: tells each call at once, where it may be in a callback of nghttp2.
class HastyHost final : public Host {
 public:
  using Host::Host;
  void QueueCall(NativeCall& call) override {
    if (hasty) call.Deliver();
  }
  void DeliverQueued() override {}
  void QueueFlush(Connection&) override {}
  void OnClosed(Connection&) override {}
  double random() override { return 0.5; }
  Ref<NativeCall> NewCall() override { return pool_->Take(); }

  bool hasty = false;

 private:
  const Ref<CallPool> pool_ = MakeRef<CallPool>();
};

// Every test of the transport that is built for debugging stands on this check.
TEST_F(SessionTest, ASinkThatIsToldInACallbackOfNghttp2IsABrokenInvariant) {
#ifdef NDEBUG
  GTEST_SKIP() << "it is not checked here";
#endif
  HastyHost host(loop_, ServerOptions());
  host.acceptor = &acceptor_;
  Session session(host, owner_, peer_);
  const auto receive = [&](std::string bytes) { session.Receive({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()}); };
  receive(std::string(faults::kPreface) + faults::SettingsFrame() + Head(1, faults::kEndStream));
  session.Gather(*host.output);
  host.hasty = true;
  // While it reads: the begin of a call, its bytes, its end by a reset.
  EXPECT_DEATH(receive(Head(3)), "a sink is told in a callback of nghttp2");
  EXPECT_DEATH(receive(faults::RstStreamFrame(1, 8)), "a sink is told in a callback of nghttp2");
  // While it writes: the stream is closed by what ends it.
  session.CancelCalls(UnavailableError("the server is shutting down"));
  EXPECT_DEATH(session.Gather(*host.output), "a sink is told in a callback of nghttp2");
  host.hasty = false;
}

TEST_F(SessionTest, BytesMayComeInAnyPieces) {
  const std::string bytes = std::string(faults::kPreface) + faults::SettingsFrame() + Head(1) +
                            faults::DataFrames(1, faults::Message("hello"), true) + Head(3, faults::kEndStream);
  for (const char byte : bytes) ASSERT_TRUE(Receive(std::string(1, byte)));
  host_.DeliverQueued();
  ASSERT_EQ(acceptor_.sinks.size(), 2u);
  sink().call->AddReadCredit(1);
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, ElementsAre("message hello", "half-close"));
}

TEST_F(SessionTest, HeadersThatComeWholeAreNotToldAndThoseInPiecesAre) {
  SayHello();
  const std::string block = faults::Block(faults::CallFields("/a.B/C"));
  const std::string in_two = faults::FrameBytes(faults::kHeaders, faults::kEndStream, 3, block.substr(0, 10)) +
                             faults::FrameBytes(faults::kContinuation, faults::kEndHeaders, 3, block.substr(10));
  EXPECT_TRUE(Receive(Head(1) + in_two + Head(5) + faults::FrameBytes(faults::kData, 0, 1, "x").substr(0, 9)));
  EXPECT_TRUE(Receive("x" + Head(7).substr(0, 9 - 1)));
  EXPECT_THAT(owner_.blocks, IsEmpty()) << "DATA, or a frame of which nothing is known, is no block";
  EXPECT_TRUE(Receive(Head(7).substr(9 - 1, 1)));
  EXPECT_THAT(owner_.blocks, ElementsAre(true));
  EXPECT_TRUE(Receive(Head(7).substr(9, 5)));
  EXPECT_THAT(owner_.blocks, ElementsAre(true)) << "it is the same one";
  EXPECT_TRUE(Receive(Head(7).substr(9 + 5)));
  EXPECT_THAT(owner_.blocks, ElementsAre(true, false));
}

TEST_F(SessionTest, ABlockOfSeveralFramesIsOpenUntilTheLastOneIsWhole) {
  SayHello();
  const std::string block = faults::Block(faults::CallFields("/a.B/C"));
  EXPECT_TRUE(Receive(faults::FrameBytes(faults::kHeaders, faults::kEndStream, 1, block.substr(0, 10))));
  EXPECT_THAT(owner_.blocks, ElementsAre(true));
  EXPECT_TRUE(Receive(faults::FrameBytes(faults::kContinuation, 0, 1, block.substr(10, 20))));
  const std::string last = faults::FrameBytes(faults::kContinuation, faults::kEndHeaders, 1, block.substr(30));
  EXPECT_TRUE(Receive(last.substr(0, last.size() - 1)));
  EXPECT_THAT(owner_.blocks, ElementsAre(true));
  EXPECT_TRUE(Receive(last.substr(last.size() - 1)));
  EXPECT_THAT(owner_.blocks, ElementsAre(true, false));
}

// As reads of a busy peer do.
TEST_F(SessionTest, OneBlockAfterTheOtherThatComesInPiecesIsTold) {
  SayHello();
  EXPECT_TRUE(Receive(Head(1, faults::kEndStream).substr(0, 20)));
  EXPECT_TRUE(Receive(Head(1, faults::kEndStream).substr(20) + Head(3, faults::kEndStream).substr(0, 20)));
  EXPECT_THAT(owner_.blocks, ElementsAre(true, true));
  EXPECT_TRUE(Receive(Head(3, faults::kEndStream).substr(20)));
  EXPECT_THAT(owner_.blocks, ElementsAre(true, true, false));
}

TEST_F(SessionTest, AResetByThePeerEndsItsCallAlone) {
  SayHello();
  EXPECT_TRUE(Receive(Head(1) + Head(3)));
  host_.DeliverQueued();
  EXPECT_TRUE(Receive(faults::RstStreamFrame(1, NGHTTP2_CANCEL)));
  host_.DeliverQueued();
  EXPECT_EQ(sink(0).outcome.code(), StatusCode::kCancelled);
  EXPECT_THAT(sink(1).heard, IsEmpty());
  EXPECT_THAT(owner_.calls, ElementsAre(true));
}

TEST_F(SessionTest, ManyCallsInOneReadAreBegunInTurns) {
  SayHello();
  std::string bytes;
  for (uint32_t stream = 1; stream < 800; stream += 2) bytes += Head(stream, faults::kEndStream);
  EXPECT_TRUE(Receive(bytes));
  EXPECT_TRUE(session_->HoldsInput());
  host_.DeliverQueued();
  const size_t first = acceptor_.sinks.size();
  EXPECT_GT(first, 10u);
  EXPECT_LT(first, 50u);
  for (int turns = 0; session_->HoldsInput() && turns < 100; ++turns) EXPECT_TRUE(session_->ReceiveHeld());
  host_.DeliverQueued();
  EXPECT_EQ(acceptor_.sinks.size(), 400u);
  EXPECT_FALSE(session_->HoldsInput());
}

TEST_F(SessionTest, ManySmallFramesInOneReadAreHandledInTurns) {
  SayHello();
  std::string bytes;
  for (int i = 0; i < 900; ++i) bytes += faults::PingFrame("12345678");
  EXPECT_TRUE(Receive(bytes + Head(1, faults::kEndStream)));
  EXPECT_TRUE(session_->HoldsInput());
  int turns = 1;
  for (int before = 0; session_->HoldsInput() && turns < 100; ++turns) {
    EXPECT_GT(owner_.pings, before);
    // 250 frames of the average size, of which one is larger.
    EXPECT_LE(owner_.pings - before, 252);
    before = owner_.pings;
    EXPECT_TRUE(session_->ReceiveHeld());
  }
  EXPECT_EQ(turns, 4);
  EXPECT_EQ(owner_.pings, 900);
  host_.DeliverQueued();
  EXPECT_EQ(acceptor_.sinks.size(), 1u);
}

TEST_F(SessionTest, AListOfFieldsThatIsTooLongIsAnsweredAtOnceAndDecodedInTurns) {
  SayHello();
  const std::string block = faults::Block(faults::CallFields("/a.B/C")) + faults::IndexedLiteral("x", std::string(3900, 'x'));
  const std::string rest(8 * faults::kMaxFrameBytes, faults::kNewestEntry);
  EXPECT_TRUE(Receive(faults::HeadersFrames(1, block + rest, faults::kEndStream) + Head(3, faults::kEndStream)));
  EXPECT_EQ(owner_.flushes, 1);
  EXPECT_TRUE(session_->HoldsInput());
  int turns = 0;
  for (; session_->HoldsInput() && turns < 100; ++turns) EXPECT_TRUE(session_->ReceiveHeld());
  // Some 130 KiB, of which a turn decodes 2.
  EXPECT_GE(turns, 50);
  EXPECT_LT(turns, 90);
  EXPECT_THAT(owner_.blocks, IsEmpty()) << "it came at once";
  host_.DeliverQueued();
  EXPECT_EQ(acceptor_.sinks.size(), 1u) << "what follows is served";
}

TEST_F(SessionTest, AFieldOfAnySizeIsRefusedAlone) {
  SayHello();
  const std::string big = faults::Block(faults::CallFields("/a.B/C", {{"x", std::string(200000, 'x')}}));
  EXPECT_TRUE(Receive(faults::HeadersFrames(1, big, faults::kEndStream) + Head(3, faults::kEndStream)));
  for (int turns = 0; session_->HoldsInput() && turns < 100; ++turns) EXPECT_TRUE(session_->ReceiveHeld());
  host_.DeliverQueued();
  EXPECT_EQ(acceptor_.sinks.size(), 1u);
  const std::vector<Frame> frames = Gather();
  EXPECT_THAT(Types(frames), Contains(faults::kHeaders));
  EXPECT_THAT(Types(frames), Not(Contains(faults::kGoAway)));
}

TEST_F(SessionTest, AFrameOnAClosedStreamIsTheLastThatIsLookedAt) {
  SayHello();
  EXPECT_TRUE(Receive(Head(1) + faults::RstStreamFrame(1, NGHTTP2_CANCEL)));
  EXPECT_TRUE(Receive(faults::FrameBytes(faults::kData, 0, 1, "x") + Head(3)));
  EXPECT_EQ(GoAway(Gather()).second, NGHTTP2_STREAM_CLOSED);
  EXPECT_TRUE(session_->IsOver());
  EXPECT_TRUE(Receive(Head(5)));
  host_.DeliverQueued();
  EXPECT_THAT(acceptor_.sinks, IsEmpty());
}

TEST_F(SessionTest, WhoIsToBeCalmIsTold) {
  SayHello();
  owner_.most_pings = 1;
  // It does not wait for what runs.
  EXPECT_TRUE(Receive(Head(1)));
  EXPECT_TRUE(Receive(faults::PingFrame("12345678")));
  EXPECT_THAT(Types(Gather()), ElementsAre(faults::kPing));
  EXPECT_FALSE(session_->IsOver());
  EXPECT_TRUE(Receive(faults::PingFrame("12345678")));
  EXPECT_EQ(GoAway(Gather()).second, NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_TRUE(session_->IsOver());
}

TEST_F(SessionTest, WhoAsksForAnswersWithoutEndIsToldToBeCalm) {
  SayHello();
  std::string settings;
  for (int i = 0; i < 900; ++i) settings += faults::SettingsFrame();
  ReceiveAll(settings);
  EXPECT_EQ(GoAway(Gather()).second, 999u) << "a lot, but only once";
  ReceiveAll(settings + settings);
  EXPECT_EQ(GoAway(Gather()).second, NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_TRUE(session_->IsOver());
}

TEST_F(SessionTest, WhoSendsAHeaderBlockWithoutEndIsToldToBeCalm) {
  SayHello();
  EXPECT_TRUE(Receive(faults::FrameBytes(faults::kHeaders, 0, 1, faults::Block(faults::CallFields("/a.B/C")))));
  bool told = false;
  for (int frames = 0; frames < 200 && !told; ++frames) {
    EXPECT_TRUE(Receive(faults::FrameBytes(faults::kContinuation, 0, 1, faults::Literal("x", "y"))));
    told = GoAway(Gather()).second == NGHTTP2_ENHANCE_YOUR_CALM;
  }
  EXPECT_TRUE(told);
  EXPECT_TRUE(session_->IsOver());
  host_.DeliverQueued();
  EXPECT_THAT(acceptor_.sinks, IsEmpty());
}

TEST_F(SessionTest, ADrainSaysTwiceThatItEndsAndWaitsForWhatRuns) {
  SayHello();
  EXPECT_TRUE(Receive(Head(1)));
  host_.DeliverQueued();
  session_->BeginDrain();
  std::vector<Frame> frames = Gather();
  ASSERT_THAT(Types(frames), ElementsAre(faults::kGoAway, faults::kPing));
  EXPECT_EQ(GoAway(frames), std::pair(0x7fffffffu, 0u));
  // Before the peer has heard of it.
  EXPECT_TRUE(Receive(Head(3, faults::kEndStream)));
  EXPECT_TRUE(Receive(faults::FrameBytes(faults::kPing, faults::kAck, 0, frames[1].payload)));
  EXPECT_EQ(GoAway(Gather()), std::pair(3u, 0u));
  EXPECT_FALSE(session_->IsOver());
  host_.DeliverQueued();
  ASSERT_EQ(acceptor_.sinks.size(), 2u);
  for (const auto& each : acceptor_.sinks) each->call->Finish(OkStatus(), Metadata());
  Gather();
  EXPECT_TRUE(session_->IsOver());
}

// The bytes of a frame that is begun are owed to the peer, whatever becomes of its call while the socket takes nothing.
TEST_F(SessionTest, ACallMayRunOutOfTimeInTheMidstOfAFrame) {
  EXPECT_TRUE(Receive(std::string(faults::kPreface) + faults::SettingsFrame({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x7fffffff}}) +
                      faults::WindowUpdateFrame(0, 0x7fff0000)));
  Gather();
  EXPECT_TRUE(Receive(faults::CallFrames(1, "/a.B/C", {{"grpc-timeout", "1S"}})));
  host_.DeliverQueued();
  sink().call->Write(Payload::Copy(std::string(1 << 20, 'x')));
  // As much as one output takes, and no more.
  EXPECT_TRUE(session_->Gather(*host_.output));
  const size_t before = host_.output->size();
  EXPECT_FALSE(host_.output->HasRoom());
  clock_.Advance(std::chrono::seconds(1));
  sink().call->Finish(DeadlineExceededError("late"), Metadata());
  host_.output->Clear();
  const std::vector<Frame> frames = Gather();
  EXPECT_GT(before, 100'000u);
  ASSERT_THAT(Types(frames), ElementsAre(faults::kData, faults::kRstStream));
  EXPECT_EQ(frames[0].payload, std::string(faults::kMaxFrameBytes, 'x'));
  host_.DeliverQueued();
  EXPECT_EQ(sink().outcome.code(), StatusCode::kDeadlineExceeded);
}

// As a peer that gives no window for messages sees it.
TEST_F(SessionTest, CancelSaysWhyAndWaitsForNoWindow) {
  EXPECT_TRUE(Receive(std::string(faults::kPreface) + faults::SettingsFrame({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}})));
  Gather();
  EXPECT_TRUE(Receive(Head(1, faults::kEndStream) + Head(3, faults::kEndStream) + Head(5, faults::kEndStream)));
  host_.DeliverQueued();
  ASSERT_EQ(acceptor_.sinks.size(), 3u);
  sink(1).call->Write(Payload::Copy("hello"));
  EXPECT_THAT(Types(Gather()), ElementsAre(faults::kHeaders));
  // Nothing of this one is out yet, but its headers have to be.
  Metadata headers;
  headers.Add("x-head", "1");
  sink(2).call->SendHeaders(headers);
  sink(2).call->Write(Payload::Copy("hello"));
  const Status why = UnavailableError("the server is shutting down");
  session_->CancelCalls(why);
  std::vector<Frame> frames = Gather();
  ASSERT_THAT(Types(frames), UnorderedElementsAre(faults::kHeaders, faults::kHeaders, faults::kHeaders, faults::kHeaders));
  std::map<uint32_t, std::vector<int>> flags;
  for (const Frame& frame : frames) flags[frame.stream].push_back(frame.flags);
  constexpr int kFirst = faults::kEndHeaders, kLast = faults::kEndStream | faults::kEndHeaders;
  EXPECT_THAT(flags, ElementsAre(Pair(1, ElementsAre(kLast)), Pair(3, ElementsAre(kLast)), Pair(5, ElementsAre(kFirst, kLast))));
  host_.DeliverQueued();
  for (const auto& each : acceptor_.sinks) {
    EXPECT_THAT(each->heard, ElementsAre("half-close", "done"));
    EXPECT_EQ(each->outcome, why);
  }
  session_->CancelCalls(why);
  EXPECT_THAT(Gather(), IsEmpty());
}

TEST_F(SessionTest, CancelInTheMidstOfAMessageIsAReset) {
  EXPECT_TRUE(Receive(std::string(faults::kPreface) + faults::SettingsFrame({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 7}})));
  Gather();
  EXPECT_TRUE(Receive(Head(1, faults::kEndStream)));
  host_.DeliverQueued();
  sink().call->Write(Payload::Copy("hello"));
  EXPECT_THAT(Types(Gather()), ElementsAre(faults::kHeaders, faults::kData));
  session_->CancelCalls(UnavailableError("the server is shutting down"));
  const std::vector<Frame> frames = Gather();
  ASSERT_THAT(Types(frames), ElementsAre(faults::kRstStream));
  EXPECT_EQ(Read(frames[0].payload), NGHTTP2_CANCEL);
  host_.DeliverQueued();
  EXPECT_EQ(sink().outcome, CancelledError("the server is shutting down"));
}

TEST_F(SessionTest, WhenTheConnectionIsGoneItsCallsEnd) {
  SayHello();
  EXPECT_TRUE(Receive(Head(1) + Head(3)));
  host_.DeliverQueued();
  session_->Close();
  host_.DeliverQueued();
  ASSERT_EQ(acceptor_.sinks.size(), 2u);
  for (const auto& each : acceptor_.sinks) EXPECT_THAT(each->heard, ElementsAre("done"));
  EXPECT_THAT(Gather(), IsEmpty());
  EXPECT_TRUE(session_->IsOver());
}

TEST_F(SessionTest, TheWindowOfTheConnectionComesBackThoughNobodyReads) {
  SayHello();
  EXPECT_TRUE(Receive(Head(1)));
  host_.DeliverQueued();
  size_t returned = 0;
  // 4 MiB is what the connection begins with; a stream has 256 KiB, so each call sends a little less.
  for (uint32_t stream = 3; stream < 60; stream += 2) {
    EXPECT_TRUE(Receive(Head(stream) + faults::DataFrames(stream, std::string("\0\0\x03\0\0", 5) + std::string(190000, 'x'), false)));
    for (const Frame& frame : Gather()) {
      if (frame.type == faults::kWindowUpdate && frame.stream == 0) returned += Read(frame.payload);
      EXPECT_FALSE(frame.type == faults::kWindowUpdate && frame.stream != 0) << "nobody has asked for more";
    }
  }
  EXPECT_GT(returned, 3u << 20);
}

}  // namespace
}  // namespace rota::native
