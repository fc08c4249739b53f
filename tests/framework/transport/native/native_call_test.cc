#include "framework/transport/native/native_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/loop/event_loop.h"
#include "framework/rpc/transport.h"
#include "framework/testing/manual_clock.h"
#include "framework/transport/coding/compression.h"
#include "framework/transport/native/field_kind.h"
#include "tests/framework/transport/native/fake_host.h"

namespace rota::native {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Stands for the session: writes down what a call wants of it.
class FakeWire final : public CallWire {
 public:
  void QueueSubmit(NativeCall&) override { ++submits; }
  void GiveCredit(NativeCall&, size_t bytes) override { credit += bytes; }
  void LetGo(size_t bytes) override { let_go += bytes; }
  void ResetStream(NativeCall&, uint32_t error_code) override { resets.push_back(error_code); }
  void Keep(Payload) override {}
  const Ref<CallCount>& running() const override { return running_; }
  coding::CodingQueue::Peer& coding_peer() override { return coding_peer_; }

  int submits = 0;
  size_t credit = 0;
  size_t let_go = 0;
  std::vector<uint32_t> resets;

 private:
  const Ref<CallCount> running_ = MakeRef<CallCount>();
  coding::CodingQueue::Peer coding_peer_;
};

std::string Message(std::string_view text, char flag = '\0') {
  const size_t size = text.size();
  return std::string{flag, static_cast<char>(size >> 24), static_cast<char>(size >> 16), static_cast<char>(size >> 8), static_cast<char>(size)}.append(text);
}

class NativeCallTest : public testing::Test {
 protected:
  NativeCallTest() { host_.acceptor = &acceptor_; }
  ~NativeCallTest() override {
    for (const Ref<NativeCall>& call : open_) {
      if (!call->closed()) call->OnClosed();
    }
    host_.DeliverQueued();
  }

  Ref<NativeCall> Open() {
    Ref<NativeCall> call = host_.NewCall();
    host_.read_at = loop_.Now();
    call->Open(host_, wire_, static_cast<int32_t>(2 * open_.size() + 1), "peer");
    open_.push_back(call);
    return call;
  }
  // With the fields of a good call, changed by one more; false: it is malformed.
  bool Head(NativeCall& call, std::string_view name = "x-key", std::string_view value = "value", bool end = false,
            std::string_view accepts = "identity") {
    for (const auto& [key, text] : std::vector<std::pair<std::string_view, std::string_view>>{
             {":method", "POST"}, {":scheme", "http"}, {":path", "/a.B/C"}, {":authority", "here"}, {"te", "trailers"},
             {"content-type", "application/grpc"}, {"grpc-accept-encoding", accepts}, {name, value}}) {
      if (!call.OnField(RequestField(key, text))) return false;
    }
    return call.OnHeadersEnd(end);
  }
  // A call whose sink has heard of it.
  Ref<NativeCall> Begin() {
    Ref<NativeCall> call = Open();
    EXPECT_TRUE(Head(*call));
    host_.DeliverQueued();
    return call;
  }
  bool Comes(NativeCall& call, const std::string& bytes) { return call.OnBytes({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}); }
  RecordingSink& sink(size_t index = 0) { return *acceptor_.sinks.at(index); }
  size_t begun() const { return acceptor_.sinks.size(); }

  ManualClock clock_;
  EventLoop loop_{clock_};
  FakeHost host_{loop_, [] {
                   ServerOptions options;
                   options.max_message_bytes = 100000;
                   options.max_concurrent_calls = 2;
                   options.max_buffered_bytes = 1000;
                   return options;
                 }()};
  FakeWire wire_;
  RecordingAcceptor acceptor_;
  std::vector<Ref<NativeCall>> open_;
};

TEST_F(NativeCallTest, ItBeginsWhenItIsDeliveredAndNotInACallbackOfNghttp2) {
  const Ref<NativeCall> call = Open();
  EXPECT_TRUE(Head(*call, "x-key", "value", true));
  EXPECT_TRUE(call->OnRemoteEnd());
  EXPECT_EQ(begun(), 0u);
  host_.DeliverQueued();
  ASSERT_EQ(begun(), 1u);
  EXPECT_EQ(call->start().path, "/a.B/C");
  EXPECT_EQ(call->start().authority, "here");
  EXPECT_EQ(call->start().peer, "peer");
  EXPECT_EQ(call->start().metadata.Get("x-key"), "value");
  EXPECT_EQ(call->start().deadline, kNoDeadline);
  EXPECT_THAT(sink().heard, ElementsAre("half-close"));
}

TEST_F(NativeCallTest, TheDeadlineCountsFromTheArrival) {
  const Ref<NativeCall> call = Open();
  EXPECT_TRUE(Head(*call, "grpc-timeout", "5S"));
  clock_.Advance(seconds(1));
  host_.DeliverQueued();
  EXPECT_EQ(call->start().deadline, call->start().arrived + seconds(5));
}

TEST_F(NativeCallTest, AMessageWaitsForCreditAndTheHalfCloseForTheMessages) {
  const Ref<NativeCall> call = Begin();
  EXPECT_TRUE(Comes(*call, Message("one") + Message("two")));
  EXPECT_TRUE(call->OnRemoteEnd());
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, IsEmpty());
  call->AddReadCredit(1);
  EXPECT_THAT(sink().heard, IsEmpty()) << "in the midst of what the sink does";
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, ElementsAre("message one"));
  call->AddReadCredit(1);
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, ElementsAre("message one", "message two", "half-close"));
  EXPECT_EQ(host_.stats.messages_received, 2u);
  EXPECT_EQ(host_.stats.bytes_received, 6u);
}

TEST_F(NativeCallTest, ThePeerGetsCreditForWhatTheSinkTakes) {
  const Ref<NativeCall> call = Begin();
  const std::string message = Message(std::string(50000, 'x'));
  EXPECT_TRUE(Comes(*call, message));
  host_.DeliverQueued();
  EXPECT_EQ(wire_.credit, 0u);
  EXPECT_EQ(wire_.let_go, 0u) << "it is held for the sink";
  call->AddReadCredit(2);
  host_.DeliverQueued();
  EXPECT_EQ(wire_.credit, message.size());
  EXPECT_EQ(wire_.let_go, message.size());
  // One that the sink has asked for is not held.
  EXPECT_TRUE(Comes(*call, message.substr(0, 1000)));
  EXPECT_EQ(wire_.let_go, message.size() + 1000);
}

TEST_F(NativeCallTest, WhatIsHeldIsLetGoWhenTheStreamEnds) {
  const Ref<NativeCall> call = Begin();
  EXPECT_TRUE(Comes(*call, Message("one") + Message("two").substr(0, 6)));
  EXPECT_EQ(wire_.let_go, 0u);
  call->OnClosed();
  EXPECT_EQ(wire_.let_go, 14u);
}

TEST_F(NativeCallTest, AMessageThatIsTooLongEndsTheCallWithoutTheSink) {
  const Ref<NativeCall> call = Begin();
  call->AddReadCredit(10);
  EXPECT_TRUE(Comes(*call, Message("good") + Message(std::string(100001, 'x')).substr(0, 100)));
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, ElementsAre("message good"));
  EXPECT_TRUE(call->response().has_status());
  EXPECT_EQ(wire_.submits, 1);
  EXPECT_FALSE(sink().call->Write(Payload::Copy("x"))) << "there is nothing to write to";
  call->OnClosed();
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, ElementsAre("message good", "done"));
  EXPECT_EQ(sink().outcome.code(), StatusCode::kResourceExhausted);
}

TEST_F(NativeCallTest, AStreamThatEndsWithinAMessageIsAFault) {
  const Ref<NativeCall> call = Begin();
  call->AddReadCredit(1);
  EXPECT_TRUE(Comes(*call, Message("half").substr(0, 7)));
  EXPECT_TRUE(call->OnRemoteEnd());
  host_.DeliverQueued();
  call->OnClosed();
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, ElementsAre("done"));
  EXPECT_EQ(sink().outcome.code(), StatusCode::kInternal);
}

TEST_F(NativeCallTest, AMessageThatSaysNothingOfItsCompressionIsAFault) {
  const Ref<NativeCall> call = Begin();
  call->AddReadCredit(1);
  EXPECT_TRUE(Comes(*call, Message("packed", '\1')));
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, IsEmpty());
  EXPECT_TRUE(call->response().has_status());
}

// A message that was compressed and has so many zeros.
std::string Packed(size_t zeros) {
  coding::PackingStates states;
  return Message(coding::Pack(std::string(zeros, '\0'), states)->view(), '\1');
}
// One to be compressed, which it does well.
Payload ToPack(size_t size) {
  Payload message = Payload::Copy(std::string(size, 'x'));
  message.set_compressed(true);
  return message;
}

// Calls whose peer compresses and takes what is compressed.
class CodingTest : public NativeCallTest {
 protected:
  CodingTest() { LeaveRoom(0); }

  Ref<NativeCall> BeginCoded(uint32_t credit = 10) {
    const Ref<NativeCall> call = Open();
    EXPECT_TRUE(Head(*call, "grpc-encoding", "gzip", false, "gzip"));
    host_.DeliverQueued();
    call->AllowCompression();
    call->AddReadCredit(credit);
    return call;
  }
  // So much work may be done at once.
  void LeaveRoom(size_t work) {
    ASSERT_TRUE(queue_.empty());
    loop_.RunOnce();
    ASSERT_TRUE(queue_.Take(coding::CodingQueue::kAtOnce - work));
  }
  // One message: returns of how many steps.
  int Code() {
    for (int step = 1;; ++step) {
      if (queue_.Step()) return step;
    }
  }

  coding::CodingQueue& queue_ = host_.coding_queue;
};

TEST_F(CodingTest, AMessageIsUnpackedWhereItIsDeliveredAsLongAsThatIsLittleWork) {
  const Ref<NativeCall> call = BeginCoded();
  LeaveRoom(50'000);
  EXPECT_TRUE(Comes(*call, Packed(25'000) + Packed(25'001)));
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, ElementsAre("message " + std::string(25'000, '\0')));
  EXPECT_FALSE(queue_.Take(25'000));
  Code();
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, ElementsAre("message " + std::string(25'000, '\0'), "message " + std::string(25'001, '\0')));
}

TEST_F(CodingTest, AMessageWaitsForItsTurnToBeUnpackedAndTheRestForIt) {
  const Ref<NativeCall> call = BeginCoded();
  const std::string large = Packed(90000), rest = Message("small") + Message(std::string(100001, 'x')).substr(0, 5);
  EXPECT_TRUE(Comes(*call, large + rest));
  for (int i = 0; i < 3; ++i) host_.QueueCall(*call), host_.DeliverQueued();
  EXPECT_THAT(sink().heard, IsEmpty());
  EXPECT_FALSE(call->response().has_status()) << "the fault is behind it";
  EXPECT_EQ(Code(), 11) << "each makes 8 KiB";
  EXPECT_THAT(sink().heard, IsEmpty()) << "not from the hook";
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, ElementsAre("message " + std::string(90000, '\0'), "message small"));
  EXPECT_TRUE(call->response().has_status());
  call->OnClosed();
  EXPECT_EQ(wire_.let_go, large.size() + rest.size());
}

TEST_F(CodingTest, AMessageBeforeAFaultIsHeard) {
  const Ref<NativeCall> call = BeginCoded();
  LeaveRoom(10'000);
  EXPECT_TRUE(Comes(*call, Packed(100) + Message("bad", '\2')));
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, ElementsAre("message " + std::string(100, '\0')));
  EXPECT_TRUE(call->response().has_status());
}

TEST_F(CodingTest, WhatComesBehindOneThatWaitsIsHeldAgainstThePeer) {
  const Ref<NativeCall> call = BeginCoded();
  EXPECT_TRUE(Comes(*call, Packed(90000)));
  host_.DeliverQueued();
  const size_t before = wire_.let_go;
  EXPECT_TRUE(Comes(*call, Message(std::string(50000, 'x'))));
  host_.DeliverQueued();
  EXPECT_EQ(wire_.let_go, before);
  EXPECT_EQ(wire_.credit, 0u);
  Code();
  host_.DeliverQueued();
  EXPECT_EQ(sink().heard.size(), 2u);
  EXPECT_GT(wire_.credit, 50000u);
}

TEST_F(CodingTest, AMessageThatIsBrokenEndsTheCall) {
  const Ref<NativeCall> call = BeginCoded();
  std::string broken = Packed(90000);
  broken[broken.size() - 6] ^= 1;  // the checksum
  EXPECT_TRUE(Comes(*call, broken + Message("small")));
  host_.DeliverQueued();
  Code();
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, IsEmpty());
  EXPECT_TRUE(call->response().has_status());
  call->OnClosed();
  host_.DeliverQueued();
  EXPECT_EQ(sink().outcome, InternalError("a compressed message is not gzip"));
}

TEST_F(CodingTest, AMessageOfACallThatIsOverIsNotUnpacked) {
  const Ref<NativeCall> gone = BeginCoded(), answered = BeginCoded();
  for (const Ref<NativeCall>& call : open_) EXPECT_TRUE(Comes(*call, Packed(90000)));
  host_.DeliverQueued();
  EXPECT_FALSE(queue_.Step());
  gone->OnClosed();
  EXPECT_FALSE(queue_.Step()) << "the other one has its turn";
  sink(1).call->Finish(OkStatus(), Metadata());
  EXPECT_TRUE(queue_.empty());
  host_.DeliverQueued();
  EXPECT_THAT(sink(0).heard, ElementsAre("done"));
  EXPECT_THAT(sink(1).heard, IsEmpty());
}

TEST_F(CodingTest, AMessageWaitsForItsTurnToBePackedAndTheRestForIt) {
  const Ref<NativeCall> call = BeginCoded();
  LeaveRoom(3000);
  EXPECT_TRUE(call->Write(ToPack(500))) << "where it is written";
  EXPECT_FALSE(queue_.Take(1));
  const size_t small = call->response().buffered_bytes();
  EXPECT_GT(small, 0u);
  EXPECT_FALSE(call->Write(ToPack(200'000)));
  EXPECT_FALSE(call->Write(Payload::Copy("small")));
  EXPECT_FALSE(call->Write(ToPack(100)));
  call->Finish(OkStatus(), Metadata());
  EXPECT_FALSE(call->Write(Payload::Copy("more"))) << "it is finished";
  EXPECT_EQ(call->response().buffered_bytes(), small);
  EXPECT_FALSE(call->response().has_status());
  EXPECT_EQ(Code(), 74) << "each reads 2.7 KiB";
  EXPECT_GT(call->response().buffered_bytes(), small + 10);
  EXPECT_FALSE(call->response().has_status());
  EXPECT_EQ(Code(), 1);
  EXPECT_TRUE(call->response().has_status());
  EXPECT_LT(call->response().buffered_bytes(), size_t{5000});
  EXPECT_TRUE(queue_.empty());
}

TEST_F(CodingTest, AMessageThatWouldNotGetShorterIsSentAsItIs) {
  const Ref<NativeCall> call = BeginCoded();
  Payload message = Payload::Copy("abc");
  message.set_compressed(true);
  LeaveRoom(100);
  EXPECT_TRUE(call->Write(std::move(message)));
  EXPECT_EQ(call->response().buffered_bytes(), 3 + Payload::kHeadroom);
}

TEST_F(CodingTest, WhatIsBeingPackedCountsAsNotSent) {
  const Ref<NativeCall> call = BeginCoded();
  EXPECT_FALSE(call->Write(ToPack(100'000)));
  call->OnRoom();
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, IsEmpty());
  Code();
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, ElementsAre("writable")) << "it became shorter than the room";
}

TEST_F(CodingTest, EmptyMessagesThatWaitCountToo) {
  const Ref<NativeCall> call = BeginCoded();
  EXPECT_TRUE(call->Write(ToPack(1)));
  int written = 0;
  while (call->Write(Payload::Allocate(0))) ++written;
  EXPECT_LT(written, 200);
}

TEST_F(CodingTest, WhatWaitsToBePackedEndsWithTheStream) {
  const Ref<NativeCall> call = BeginCoded();
  EXPECT_FALSE(call->Write(ToPack(200'000)));
  EXPECT_FALSE(queue_.Step());
  call->Finish(OkStatus(), Metadata());
  call->OnClosed();
  EXPECT_TRUE(queue_.empty());
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, ElementsAre("done"));
  EXPECT_EQ(wire_.submits, 0);
}

// What goes out is not kept waiting by what comes in, nor the other way round, and what has begun is brought to its end.
TEST_F(CodingTest, BothDirectionsTakeTurns) {
  const Ref<NativeCall> call = BeginCoded(100);
  EXPECT_FALSE(call->Write(ToPack(50'000)));
  EXPECT_FALSE(queue_.Step()) << "it has begun";
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Comes(*call, Packed(50'000)));
  EXPECT_FALSE(call->Write(ToPack(50'000)));
  host_.DeliverQueued();
  const auto sent = [&] { return call->response().buffered_bytes(); };
  size_t before = sent();
  Code();
  EXPECT_GT(sent(), before);
  EXPECT_THAT(sink().heard, IsEmpty());
  before = sent();
  Code();
  host_.DeliverQueued();
  EXPECT_EQ(sink().heard.size(), 1u);
  EXPECT_EQ(sent(), before);
  Code();
  EXPECT_GT(sent(), before);
  EXPECT_EQ(sink().heard.size(), 1u);
  Code();
  host_.DeliverQueued();
  EXPECT_EQ(sink().heard.size(), 2u);
  EXPECT_TRUE(queue_.empty());
}

TEST_F(CodingTest, AFaultDropsWhatIsBeingPacked) {
  const Ref<NativeCall> call = BeginCoded();
  EXPECT_FALSE(call->Write(ToPack(200'000)));
  EXPECT_FALSE(queue_.Step());
  EXPECT_TRUE(Comes(*call, Message("bad", '\2')));
  host_.DeliverQueued();
  EXPECT_TRUE(queue_.empty());
  EXPECT_TRUE(call->response().has_status());
  EXPECT_EQ(call->response().buffered_bytes(), 0u);
}

TEST_F(CodingTest, AMessageThatIsBrokenDropsTheAnswerThatWaitsBehindIt) {
  const Ref<NativeCall> call = BeginCoded();
  std::string broken = Packed(90'000);
  broken[broken.size() - 6] ^= 1;  // the checksum
  EXPECT_TRUE(Comes(*call, broken));
  host_.DeliverQueued();
  EXPECT_FALSE(call->Write(ToPack(200'000)));
  Code();
  EXPECT_FALSE(queue_.empty());
  host_.DeliverQueued();
  EXPECT_TRUE(queue_.empty());
  EXPECT_TRUE(call->response().has_status());
  EXPECT_EQ(call->response().buffered_bytes(), 0u);
}

TEST_F(CodingTest, BothDirectionsEndWithTheStream) {
  const Ref<NativeCall> call = BeginCoded();
  EXPECT_TRUE(Comes(*call, Packed(90'000)));
  host_.DeliverQueued();
  EXPECT_FALSE(call->Write(ToPack(200'000)));
  EXPECT_FALSE(queue_.Step());
  call->OnClosed();
  EXPECT_TRUE(queue_.empty());
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, ElementsAre("done"));
}

// What has begun does not care that the queues of the call grow, and move.
TEST_F(CodingTest, ManyMessagesComeBehindThoseThatHaveBegun) {
  const Ref<NativeCall> call = BeginCoded(100);
  EXPECT_TRUE(Comes(*call, Packed(90'000)));
  host_.DeliverQueued();
  EXPECT_FALSE(call->Write(ToPack(50'000)));
  EXPECT_FALSE(queue_.Step());
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(Comes(*call, Message("small")));
    call->Write(Payload::Copy("small"));
  }
  Code();
  EXPECT_FALSE(queue_.Step()) << "the answer has begun";
  for (int i = 0; i < 500; ++i) call->Write(Payload::Copy("small"));
  Code();
  host_.DeliverQueued();
  ASSERT_EQ(sink().heard.size(), 51u);
  EXPECT_EQ(sink().heard.front(), "message " + std::string(90'000, '\0'));
  EXPECT_GT(call->response().buffered_bytes(), 550 * Payload::kHeadroom);
  EXPECT_TRUE(queue_.empty());
}

// What is to be sent is packed all the same.
TEST_F(CodingTest, AnAnswerEndsTheUnpackingAndNotThePacking) {
  const Ref<NativeCall> call = BeginCoded();
  EXPECT_FALSE(call->Write(ToPack(50'000)));
  EXPECT_TRUE(Comes(*call, Packed(90'000)));
  host_.DeliverQueued();
  call->Finish(OkStatus(), Metadata());
  EXPECT_FALSE(call->response().has_status());
  Code();
  EXPECT_TRUE(queue_.empty());
  EXPECT_TRUE(call->response().has_status());
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, IsEmpty());
}

TEST_F(CodingTest, WhatWaitsEndsWithTheDeadline) {
  const Ref<NativeCall> call = BeginCoded();
  call->start().deadline = loop_.Now() + seconds(1);
  EXPECT_FALSE(call->Write(ToPack(200'000)));
  EXPECT_TRUE(Comes(*call, Packed(90'000)));
  host_.DeliverQueued();
  EXPECT_FALSE(queue_.Step());
  clock_.Advance(seconds(1));
  call->Finish(DeadlineExceededError("too late"), Metadata());
  EXPECT_TRUE(queue_.empty());
  EXPECT_TRUE(call->response().has_status());
  EXPECT_EQ(call->response().buffered_bytes(), 0u);
}

TEST_F(NativeCallTest, NobodyHearsOfAMalformedRequest) {
  EXPECT_FALSE(Head(*Open(), ":path", "/again"));
  EXPECT_FALSE(Head(*Open(), "content-length", "no number"));
  EXPECT_FALSE(Head(*Open(), "content-length", "5", true));
  const Ref<NativeCall> call = Open();
  EXPECT_TRUE(Head(*call, "content-length", "5"));
  EXPECT_FALSE(Comes(*call, "123456"));
  for (const Ref<NativeCall>& each : open_) each->OnClosed();
  host_.DeliverQueued();
  EXPECT_EQ(begun(), 0u);
}

TEST_F(NativeCallTest, WhatIsNoCallIsAnsweredWithoutTheSink) {
  for (const auto& [name, value] : {std::pair{"grpc-timeout", "soon"}, std::pair{"grpc-encoding", "lzma"}}) {
    const Ref<NativeCall> call = Open();
    EXPECT_TRUE(Head(*call, name, value));
    EXPECT_TRUE(call->refused());
    EXPECT_TRUE(call->response().has_status());
  }
  host_.DeliverQueued();
  EXPECT_EQ(begun(), 0u);
  EXPECT_EQ(host_.stats.calls_refused, 2u);
  EXPECT_EQ(wire_.submits, 2);
}

TEST_F(NativeCallTest, FieldsThatAreTooManyAreSeenAtOnceAndAnswered) {
  const Ref<NativeCall> call = Open();
  EXPECT_TRUE(Head(*call, "x-much", std::string(16 << 10, 'x')));
  EXPECT_TRUE(call->has_too_many_fields());
  EXPECT_TRUE(call->refused());
  EXPECT_EQ(call->start().metadata.Get("x-much"), std::nullopt);
}

TEST_F(NativeCallTest, MoreCallsThanThereMayBeAreRefused) {
  const Ref<NativeCall> first = Begin(), second = Begin(), third = Begin();
  EXPECT_EQ(begun(), 2u);
  EXPECT_TRUE(third->refused());
  EXPECT_EQ(host_.running->count(), 2u);
  EXPECT_EQ(wire_.running()->count(), 2u);
  EXPECT_EQ(host_.stats.calls_refused, 1u);
  // One counts on while its handler runs, here in the form of its slot.
  Ref<RefCounted> handler = first->start().slot;
  first->OnClosed();
  host_.DeliverQueued();
  EXPECT_TRUE(Begin()->refused());
  handler = nullptr;
  EXPECT_FALSE(Begin()->refused());
}

TEST_F(NativeCallTest, OneThatWasTakenBackInTimeNeverBegins) {
  const Ref<NativeCall> call = Open();
  EXPECT_TRUE(Head(*call));
  call->OnClosed();
  host_.DeliverQueued();
  EXPECT_EQ(begun(), 0u);
  EXPECT_EQ(host_.stats.calls_started, 0u);
}

TEST_F(NativeCallTest, ItIsDoneOnceAndNothingFollows) {
  const Ref<NativeCall> call = Begin();
  call->AddReadCredit(5);
  EXPECT_TRUE(Comes(*call, Message("late")));
  call->Finish(OkStatus(), Metadata());
  EXPECT_EQ(wire_.submits, 1);
  call->response().OnEndSent();
  call->OnClosed();
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, ElementsAre("done"));
  EXPECT_TRUE(sink().outcome.ok()) << sink().outcome.ToString();
  EXPECT_EQ(host_.stats.calls_in_flight(), 0u);
  call->Deliver();
  // What a handler does too late has no effect.
  call->AddReadCredit(1);
  EXPECT_FALSE(call->Write(Payload::Copy("x")));
  call->Finish(NotFoundError("x"), Metadata());
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, ElementsAre("done"));
  EXPECT_EQ(wire_.submits, 1);
}

TEST_F(NativeCallTest, TheEndOfAStreamIsACancelOrADeadline) {
  for (const bool late : {false, true}) {
    const Ref<NativeCall> call = Open();
    EXPECT_TRUE(Head(*call, "grpc-timeout", "1S"));
    host_.DeliverQueued();
    clock_.Advance(late ? seconds(1) : milliseconds(900));
    call->OnClosed();
    host_.DeliverQueued();
    EXPECT_EQ(acceptor_.sinks.back()->outcome.code(), late ? StatusCode::kDeadlineExceeded : StatusCode::kCancelled);
  }
}

const Status kGoodbye = UnavailableError("the server is shutting down");

TEST_F(NativeCallTest, ACallThatIsCancelledHasItsStatusAndItsSinkHearsWhyOnce) {
  const Ref<NativeCall> call = Begin();
  call->AddReadCredit(1);
  EXPECT_FALSE(call->Write(Payload::Copy(std::string(2000, 'x'))));
  call->Cancel(kGoodbye);
  EXPECT_TRUE(call->response().has_status());
  EXPECT_EQ(call->response().buffered_bytes(), 0u);
  EXPECT_EQ(wire_.submits, 2);
  EXPECT_THAT(wire_.resets, IsEmpty());
  EXPECT_TRUE(Comes(*call, Message("late")));
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, IsEmpty()) << "neither of room nor of messages";
  EXPECT_FALSE(call->Write(Payload::Copy("late")));
  call->Finish(OkStatus(), Metadata());
  call->response().OnEndSent();
  call->OnClosed();
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, ElementsAre("done"));
  EXPECT_EQ(sink().outcome, kGoodbye);
}

TEST_F(NativeCallTest, ACallThatIsCancelledAtItsDeadlineRanOutOfTime) {
  const Ref<NativeCall> call = Open();
  EXPECT_TRUE(Head(*call, "grpc-timeout", "1S"));
  host_.DeliverQueued();
  clock_.Advance(seconds(1));
  call->Cancel(kGoodbye);
  EXPECT_TRUE(call->response().has_status());
  call->OnClosed();
  host_.DeliverQueued();
  EXPECT_EQ(sink().outcome, DeadlineExceededError("the deadline of /a.B/C has passed"));
}

TEST_F(NativeCallTest, ACallThatIsCancelledBeforeItBeginsIsRefused) {
  const Ref<NativeCall> call = Open(), in_its_fields = Open(), refused = Open();
  EXPECT_TRUE(Head(*call));
  EXPECT_TRUE(in_its_fields->OnField(RequestField(":method", "POST")));
  EXPECT_TRUE(Head(*refused, "grpc-timeout", "soon"));
  const int before = wire_.submits;
  for (int i = 0; i < 2; ++i) {
    for (const Ref<NativeCall>& each : open_) each->Cancel(kGoodbye);
  }
  EXPECT_TRUE(call->response().has_status());
  EXPECT_EQ(wire_.submits, before + 1);
  EXPECT_THAT(wire_.resets, ElementsAre(NGHTTP2_REFUSED_STREAM));
  host_.DeliverQueued();
  EXPECT_EQ(begun(), 0u);
  EXPECT_EQ(host_.stats.calls_refused, 3u);
}

TEST_F(NativeCallTest, AnAnswerThatWasNotTriedYetIsNotCancelledAndOneThatHangsIs) {
  const Ref<NativeCall> fresh = Begin(), hangs = Begin();
  fresh->submit_queued = true;  // as the session says
  for (const Ref<NativeCall>& each : open_) {
    each->Write(Payload::Copy("answer"));
    each->Finish(OkStatus(), Metadata());
    each->Cancel(kGoodbye);
  }
  EXPECT_GT(fresh->response().buffered_bytes(), 0u);
  EXPECT_EQ(hangs->response().buffered_bytes(), 0u);
  fresh->response().OnEndSent();
  for (const Ref<NativeCall>& each : open_) each->OnClosed();
  host_.DeliverQueued();
  EXPECT_TRUE(sink(0).outcome.ok());
  EXPECT_EQ(sink(1).outcome, kGoodbye);
}

TEST_F(CodingTest, WhatWaitsToBePackedIsCancelledWithItsCall) {
  const Ref<NativeCall> call = BeginCoded();
  EXPECT_FALSE(call->Write(ToPack(200'000)));
  call->Finish(OkStatus(), Metadata());
  EXPECT_FALSE(call->response().has_status());
  call->Cancel(kGoodbye);
  EXPECT_TRUE(queue_.empty());
  EXPECT_TRUE(call->response().has_status());
}

TEST_F(NativeCallTest, AFullCallSaysWhenThereIsRoomOnce) {
  const Ref<NativeCall> call = Begin();
  EXPECT_TRUE(call->Write(Payload::Copy(std::string(600, 'x'))));
  EXPECT_FALSE(call->Write(Payload::Copy(std::string(600, 'x'))));
  call->OnRoom();
  host_.DeliverQueued();
  EXPECT_THAT(sink().heard, IsEmpty()) << "nothing has been taken yet";
  // As if nghttp2 had taken them.
  call->response().DropMessages();
  call->OnRoom();
  EXPECT_THAT(sink().heard, IsEmpty()) << "in a callback of nghttp2";
  host_.DeliverQueued();
  call->OnRoom();
  call->Deliver();
  EXPECT_THAT(sink().heard, ElementsAre("writable"));
}

}  // namespace
}  // namespace rota::native
