#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/framework/transport/client_call.h"
#include "tests/framework/transport/server_test_base.h"

namespace rota {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class CallTest : public ServerTestBase {};
INSTANTIATE_TEST_SUITE_P(Transports, CallTest, ::testing::ValuesIn(kTransports), TransportName);

TEST_P(CallTest, UnaryCallIsEchoed) {
  OnEachCall(Echo);
  Listen();
  ClientCall::Answer answer;
  RunWith([&] { answer = Exchange("/files.v1.Files/Stat", {"hello"}); });
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.messages, ElementsAre("hello"));
  EXPECT_TRUE(only_sink().outcome.ok()) << only_sink().outcome.ToString();
  const TransportStats& stats = server_->stats();
  EXPECT_EQ(stats.calls_started, 1u);
  EXPECT_EQ(stats.messages_received, 1u);
  EXPECT_EQ(stats.messages_sent, 1u);
  EXPECT_EQ(stats.bytes_received, 5u);
  EXPECT_EQ(stats.bytes_sent, 5u);
  EXPECT_GT(stats.batches, 0u);
}

TEST_P(CallTest, StartSaysWhatThePeerSaid) {
  CallStart start;
  TimePoint before{};
  OnEachCall([&](ScriptedSink& sink) {
    start = sink.call->start();
    sink.Finish();
  });
  Listen();
  before = loop_.Now();
  RunWith([&] { Exchange("/files.v1.Files/Stat", {}); });
  EXPECT_EQ(start.path, "/files.v1.Files/Stat");
  EXPECT_EQ(start.authority, address_);
  EXPECT_THAT(start.peer, StartsWith("127.0.0.1:"));
  EXPECT_GT(start.deadline, before + std::chrono::seconds(50));
  EXPECT_LT(start.deadline, loop_.Now() + std::chrono::seconds(62));
}

TEST_P(CallTest, CallWithoutADeadlineHasNone) {
  TimePoint deadline{};
  OnEachCall([&](ScriptedSink& sink) {
    deadline = sink.call->start().deadline;
    sink.Finish();
  });
  Listen();
  RunWith([&] {
    ClientCall call(Connect(address_), "/a.B/C");
    call.context().set_deadline(std::chrono::system_clock::time_point::max());
    call.Exchange({});
  });
  EXPECT_EQ(deadline, kNoDeadline);
}

TEST_P(CallTest, EmptyMessagesAreMessages) {
  OnEachCall(Echo);
  Listen();
  ClientCall::Answer answer;
  RunWith([&] { answer = Exchange("/a.B/C", {"", "x", ""}); });
  EXPECT_THAT(answer.messages, ElementsAre("", "x", ""));
}

TEST_P(CallTest, PayloadWithoutMemoryIsAnEmptyMessage) {
  OnEachCall([](ScriptedSink& sink) {
    sink.call->Write(Payload());
    sink.Finish();
  });
  Listen();
  ClientCall::Answer answer;
  RunWith([&] { answer = Exchange("/a.B/C", {}); });
  EXPECT_THAT(answer.messages, ElementsAre(""));
}

TEST_P(CallTest, MessageOfExactlyTheLimitPasses) {
  OnEachCall(Echo);
  Listen();
  std::string big(4 << 20, 'a');
  for (size_t i = 0; i < big.size(); i += 1000) big[i] = static_cast<char>('a' + i / 1000 % 26);
  ClientCall::Answer answer;
  RunWith([&] { answer = Exchange("/a.B/C", {big}); });
  ASSERT_EQ(answer.messages.size(), 1u);
  EXPECT_TRUE(answer.messages[0] == big);
}

TEST_P(CallTest, LongerMessageEndsTheCallWithResourceExhausted) {
  OnEachCall(Echo);
  Listen({.max_message_bytes = 1000});
  ClientCall::Answer answer;
  RunWith([&] { answer = Exchange("/a.B/C", {std::string(1001, 'a')}); });
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(answer.status.error_message(), "message of 1001 bytes is larger than the limit of 1000");
  EXPECT_EQ(only_sink().outcome, ResourceExhaustedError("message of 1001 bytes is larger than the limit of 1000"));
  EXPECT_THAT(only_sink().messages, ElementsAre());
  EXPECT_FALSE(only_sink().half_closed);
}

TEST_P(CallTest, MuchLongerMessageIsCutOff) {
  OnEachCall(Echo);
  Listen({.max_message_bytes = 1000});
  ClientCall::Answer answer;
  RunWith([&] { answer = Exchange("/a.B/C", {std::string(1 << 20, 'a')}); });
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  if (GetParam().native()) {
    EXPECT_EQ(answer.status.error_message(), "message of 1048576 bytes is larger than the limit of 1000");
    EXPECT_EQ(only_sink().outcome.code(), StatusCode::kResourceExhausted);
  } else {
    // By gRPC itself, while it comes in.
    EXPECT_THAT(answer.status.error_message(), HasSubstr("larger than max"));
    EXPECT_EQ(only_sink().outcome.code(), StatusCode::kCancelled);
  }
  EXPECT_FALSE(only_sink().half_closed);
}

TEST_P(CallTest, CompressedMessagesArriveAsTheyWere) {
  OnEachCall(Echo);
  Listen();
  const std::string text(100000, 'z');
  ClientCall::Answer answer;
  RunWith([&] {
    ClientCall call(Connect(address_), "/a.B/C");
    call.context().set_compression_algorithm(GRPC_COMPRESS_GZIP);
    answer = call.Exchange({text, text});
  });
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.messages, ElementsAre(text, text));
  EXPECT_EQ(only_sink().messages.front().size(), text.size());
}

// Some are packed and unpacked where they are, and some in steps while others could overtake them.
TEST_P(CallTest, CompressedMessagesOfAnySizeKeepTheirOrder) {
  std::minstd_rand random(1);
  std::vector<std::string> texts;
  for (const size_t size : {0, 1, 10'000, 17'000, 70'000, 300'000, 5, 1'000'000, 0, 66'000}) {
    std::string& text = texts.emplace_back(size, 'z');
    for (char& letter : text) letter = static_cast<char>('a' + random() % 4);
  }
  OnEachCall([&](ScriptedSink& sink) {
    sink.call->AllowCompression();
    sink.AddCredit(1);
    sink.on_message = [&] {
      Payload answer = Payload::Copy(sink.messages.back());
      answer.set_compressed(sink.messages.size() % 4 != 0);
      sink.call->Write(std::move(answer));
      sink.AddCredit(1);
    };
    // With the last messages still on their way.
    sink.on_half_close = [&] { sink.Finish(InvalidArgumentError("the end")); };
  });
  Listen();
  ClientCall::Answer answer;
  RunWith([&] {
    ClientCall call(Connect(address_), "/a.B/C");
    call.context().set_compression_algorithm(GRPC_COMPRESS_GZIP);
    answer = call.Exchange(texts);
  });
  EXPECT_EQ(answer.status.error_message(), "the end");
  EXPECT_TRUE(only_sink().messages == texts);
  EXPECT_TRUE(answer.messages == texts);
}

TEST_P(CallTest, TheLoopGoesOnWhileALargeMessageIsUnpacked) {
  const auto iterations = [this] { return loop_.stats().iterations; };
  uint64_t before = 0, after = 0;
  OnEachCall([&](ScriptedSink& sink) {
    sink.AddCredit(2);
    sink.on_message = [&, &sink = sink] { (sink.messages.size() == 1 ? before : after) = iterations(); };
    sink.on_half_close = [&] { sink.Finish(); };
  });
  Listen();
  RunWith([&] {
    ClientCall call(Connect(address_), "/a.B/C");
    call.context().set_compression_algorithm(GRPC_COMPRESS_GZIP);
    EXPECT_TRUE(call.Exchange({"small", std::string(4 << 20, 'z')}).status.ok());
  });
  // It takes milliseconds, and an iteration gives it one at most.
  EXPECT_GE(after - before, 2u);
}

std::string Letters(size_t size) {
  std::minstd_rand random(1);
  std::string text(size, 'z');
  for (char& letter : text) letter = static_cast<char>('a' + random() % 4);
  return text;
}

// Packed, if the peer takes that.
void WritePacked(ScriptedSink& sink, const std::string& text) {
  sink.call->AllowCompression();
  Payload answer = Payload::Copy(text);
  answer.set_compressed(true);
  sink.call->Write(std::move(answer));
}

TEST_P(CallTest, TheLoopGoesOnWhileALargeAnswerIsPacked) {
  const std::string text = Letters(4 << 20);
  uint64_t before = 0, after = 0;
  OnEachCall([&](ScriptedSink& sink) {
    before = loop_.stats().iterations;
    sink.on_done = [&] { after = loop_.stats().iterations; };
    WritePacked(sink, text);
    sink.Finish();
  });
  Listen();
  ClientCall::Answer answer;
  RunWith([&] { answer = Exchange("/a.B/C", {}); });
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_TRUE(answer.messages == std::vector{text});
  // It takes some 50 milliseconds, and a run of the hook, of which there are two in an iteration, half a one or a quarter of the time.
  EXPECT_GE(after - before, 10u);
}

TEST_P(CallTest, APeerThatDoesNotTakeGzipGetsItsAnswer) {
  const std::string text = Letters(100'000);
  OnEachCall([&](ScriptedSink& sink) {
    WritePacked(sink, text);
    sink.Finish();
  });
  Listen();
  std::vector<ClientCall::Answer> answers;
  RunWith([&] {
    for (const int takes : {1 << GRPC_COMPRESS_NONE, 1 << GRPC_COMPRESS_NONE | 1 << GRPC_COMPRESS_DEFLATE}) {
      grpc::ChannelArguments arguments;
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      arguments.SetInt(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, takes);
      ClientCall call(grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), arguments), "/a.B/C");
      answers.push_back(call.Exchange({}));
    }
  });
  for (const ClientCall::Answer& answer : answers) {
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    EXPECT_TRUE(answer.messages == std::vector{text});
  }
}

TEST_P(CallTest, DeflateIsUnpackedByGrpcppOnly) {
  OnEachCall(Echo);
  Listen();
  const std::string text(100000, 'z');
  ClientCall::Answer answer;
  RunWith([&] {
    ClientCall call(Connect(address_), "/a.B/C");
    call.context().set_compression_algorithm(GRPC_COMPRESS_DEFLATE);
    answer = call.Exchange({text, "", text});
  });
  if (GetParam().native()) {
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  } else {
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    EXPECT_THAT(answer.messages, ElementsAre(text, "", text));
  }
}

// Calls of one connection that have a message each which is much work to unpack, so that most of them wait for their turn.
class UnpackingTest : public CallTest {
 protected:
  static constexpr size_t kCalls = 12;

  UnpackingTest() {
    OnEachCall([this](ScriptedSink& sink) {
      sink.on_message = [this, &sink] {
        heard_.push_back(&sink);
        // Not from inside of a call.
        if (heard_.size() == 1 && on_first_) loop_.SetImmediate([this] { on_first_(); });
      };
      sink.on_half_close = [&sink] { sink.Finish(); };
      sink.on_done = [this] {
        if (++done_ == kCalls) all_done_.Set();
      };
    });
  }
  // What happens when the first message has been heard.
  void OnFirst(std::function<void()> happens) { on_first_ = std::move(happens); }
  // From the thread of the clients, as are the next two. A call whose message is on its way.
  void Open(const std::shared_ptr<grpc::Channel>& channel) {
    ClientCall& call = *calls_.emplace_back(std::make_unique<ClientCall>(channel, "/a.B/C"));
    call.context().set_compression_algorithm(GRPC_COMPRESS_GZIP);
    EXPECT_TRUE(call.Start());
    EXPECT_TRUE(call.Write(large_));
  }
  // The messages are taken.
  void AddCredits() {
    loop_.Post([this] {
      for (const auto& sink : sinks_) sink->AddCredit(1);
    });
  }
  void OpenAll() {
    const std::shared_ptr<grpc::Channel> channel = Connect(address_);
    while (calls_.size() < kCalls) Open(channel);
    AddCredits();
  }

  const std::string large_ = std::string(4 << 20, 'z');
  std::vector<std::unique_ptr<ClientCall>> calls_;
  std::function<void()> on_first_;
  std::vector<const ScriptedSink*> heard_;
  size_t done_ = 0;
  Signal all_done_;
};
INSTANTIATE_TEST_SUITE_P(Transports, UnpackingTest, ::testing::ValuesIn(kTransports), TransportName);

TEST_P(UnpackingTest, AMessageThatWaitsIsNotHeardAfterTheAnswer) {
  OnFirst([this] {
    for (const auto& sink : sinks_) sink->Finish(InvalidArgumentError("the answer"));
  });
  Listen();
  RunWith([&] {
    OpenAll();
    for (const auto& call : calls_) EXPECT_EQ(call->Finish().error_message(), "the answer");
    EXPECT_TRUE(all_done_.Wait());
    calls_.clear();
  });
  EXPECT_LT(heard_.size(), kCalls);
}

TEST_P(UnpackingTest, AMessageThatWaitsIsNotHeardAfterTheDeadline) {
  OnFirst([this] {
    for (const auto& sink : sinks_) {
      sink->call->start().deadline = loop_.Now();
      sink->Finish(DeadlineExceededError("too late"));
    }
  });
  Listen();
  RunWith([&] {
    OpenAll();
    for (const auto& call : calls_) EXPECT_EQ(call->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
    EXPECT_TRUE(all_done_.Wait());
    calls_.clear();
  });
  EXPECT_LT(heard_.size(), kCalls);
}

TEST_P(UnpackingTest, AMessageThatWaitsEndsWithItsCall) {
  // Here, so that the loop does not get on meanwhile.
  OnFirst([this] {
    for (const auto& call : calls_) call->context().TryCancel();
    for (const auto& call : calls_) EXPECT_EQ(call->Finish().error_code(), grpc::StatusCode::CANCELLED);
  });
  Listen();
  RunWith([&] {
    OpenAll();
    EXPECT_TRUE(all_done_.Wait());
    calls_.clear();
  });
  for (const auto& sink : sinks_) EXPECT_EQ(sink->outcome.code(), StatusCode::kCancelled) << sink->outcome.ToString();
  EXPECT_LT(heard_.size(), kCalls);
}

TEST_P(UnpackingTest, AMessageThatWaitsEndsWithTheServer) {
  OnFirst([this] { server_->Drain(Duration::zero(), [this] { drained_ = true; }); });
  Listen();
  RunWith([&] {
    OpenAll();
    EXPECT_TRUE(all_done_.Wait());
    calls_.clear();
  });
  for (const auto& sink : sinks_) EXPECT_EQ(sink->outcome, CancelledError("the server stops"));
  EXPECT_LT(heard_.size(), kCalls);
}

TEST_P(UnpackingTest, AMessageThatWaitsEndsWithTheDestructorOfTheServer) {
  OnFirst([this] { server_ = nullptr; });
  Listen();
  std::thread client([this] {
    OpenAll();
    EXPECT_TRUE(all_done_.Wait());
    calls_.clear();
  });
  loop_.Run();
  client.join();
  for (const auto& sink : sinks_) EXPECT_EQ(sink->outcome.code(), StatusCode::kCancelled);
  EXPECT_LT(heard_.size(), kCalls);
}

TEST_P(UnpackingTest, PeersTakeTurns) {
  Listen();
  RunWith([&] {
    const std::shared_ptr<grpc::Channel> channel = Connect(address_);
    while (calls_.size() < kCalls - 1) Open(channel);
    Open(Connect(address_));
    AddCredits();
    for (const auto& call : calls_) EXPECT_TRUE(call->WritesDone());
    for (const auto& call : calls_) EXPECT_TRUE(call->Finish().ok());
    calls_.clear();
  });
  ASSERT_EQ(heard_.size(), kCalls);
  // It was the last one to ask.
  const auto place = std::find(heard_.begin(), heard_.end(), sinks_.back().get()) - heard_.begin();
  EXPECT_LT(place, static_cast<std::ptrdiff_t>(kCalls - 1));
}

// Calls of one connection with an answer each which is much work to pack.
class PackingTest : public CallTest {
 protected:
  static constexpr size_t kCalls = 12;

  PackingTest() {
    OnEachCall([this](ScriptedSink& sink) {
      sink.on_done = [this] {
        if (++done_ == kCalls) all_done_.Set();
      };
    });
  }
  // From the thread of the clients: all are answered at the same time, and then this happens.
  void OpenAll(const std::function<void()>& happens) {
    const std::shared_ptr<grpc::Channel> channel = Connect(address_);
    while (calls_.size() < kCalls) {
      EXPECT_TRUE(calls_.emplace_back(std::make_unique<ClientCall>(channel, "/a.B/C"))->Start());
    }
    loop_.Post([this, happens] { AnswerAll(happens); });
  }
  void AnswerAll(const std::function<void()>& happens) {
    // Not all may be there yet.
    if (sinks_.size() < kCalls) {
      loop_.SetImmediate([this, happens] { AnswerAll(happens); });
      return;
    }
    for (const auto& sink : sinks_) {
      WritePacked(*sink, text_);
      sink->Finish();
    }
    loop_.SetImmediate(happens);
  }

  const std::string text_ = Letters(1 << 20);
  std::vector<std::unique_ptr<ClientCall>> calls_;
  size_t done_ = 0;
  Signal all_done_;
};
INSTANTIATE_TEST_SUITE_P(Transports, PackingTest, ::testing::ValuesIn(kTransports), TransportName);

TEST_P(PackingTest, AnAnswerThatWaitsEndsWithItsCall) {
  Listen();
  RunWith([&] {
    OpenAll([this] {
      for (const auto& call : calls_) call->context().TryCancel();
      for (const auto& call : calls_) EXPECT_EQ(call->Finish().error_code(), grpc::StatusCode::CANCELLED);
    });
    EXPECT_TRUE(all_done_.Wait());
    calls_.clear();
  });
  for (const auto& sink : sinks_) EXPECT_EQ(sink->outcome.code(), StatusCode::kCancelled) << sink->outcome.ToString();
}

TEST_P(PackingTest, AnAnswerThatWaitsEndsWithTheServer) {
  Listen();
  RunWith([&] {
    OpenAll([this] { server_->Drain(Duration::zero(), [this] { drained_ = true; }); });
    EXPECT_TRUE(all_done_.Wait());
    calls_.clear();
  });
  for (const auto& sink : sinks_) EXPECT_EQ(sink->outcome, CancelledError("the server stops"));
}

TEST_P(PackingTest, AnAnswerThatWaitsEndsWithTheDestructorOfTheServer) {
  Listen();
  std::thread client([this] {
    OpenAll([this] { server_ = nullptr; });
    EXPECT_TRUE(all_done_.Wait());
  });
  loop_.Run();
  client.join();
  for (const auto& sink : sinks_) EXPECT_EQ(sink->outcome.code(), StatusCode::kCancelled);
}

TEST_P(PackingTest, AnAnswerThatWaitsIsSentDuringADrain) {
  Listen();
  RunWith([&] {
    OpenAll([this] { server_->Drain(std::chrono::hours(1), [this] { drained_ = true; }); });
    for (const auto& call : calls_) {
      EXPECT_TRUE(call->Read() == text_);
      EXPECT_TRUE(call->Finish().ok());
    }
    calls_.clear();
  });
  for (const auto& sink : sinks_) EXPECT_TRUE(sink->outcome.ok()) << sink->outcome.ToString();
}

TEST_P(CallTest, CompressedMessageIsHeldToTheLimitByItsRealSize) {
  OnEachCall(Echo);
  Listen({.max_message_bytes = 1000});
  ClientCall::Answer answer;
  RunWith([&] {
    ClientCall call(Connect(address_), "/a.B/C");
    call.context().set_compression_algorithm(GRPC_COMPRESS_GZIP);
    answer = call.Exchange({std::string(50000, 'z')});
  });
  EXPECT_EQ(answer.status.error_message(), "compressed message unpacks to more than the limit of 1000");
}

TEST_P(CallTest, MetadataGoesBothWaysWithBinaryValues) {
  const std::string binary("\0\x01\xff,\n", 5);
  Metadata received;
  OnEachCall([&](ScriptedSink& sink) {
    received = sink.call->start().metadata;
    Metadata headers;
    headers.Add("x-first", "1");
    headers.Add("x-raw-bin", binary);
    headers.Add("x-twice", "a");
    headers.Add("x-twice", "b");
    sink.call->SendHeaders(headers);
    Metadata trailers;
    trailers.Add("x-last", "2");
    trailers.Add("x-end-bin", binary);
    sink.Finish(OkStatus(), trailers);
  });
  Listen();
  std::multimap<std::string, std::string> headers, trailers;
  RunWith([&] {
    ClientCall call(Connect(address_), "/a.B/C");
    call.context().AddMetadata("x-key", "one");
    call.context().AddMetadata("x-key", "two");
    call.context().AddMetadata("x-raw-bin", binary);
    EXPECT_TRUE(call.Exchange({}).status.ok());
    for (const auto& [key, value] : call.context().GetServerInitialMetadata()) {
      headers.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
    }
    for (const auto& [key, value] : call.context().GetServerTrailingMetadata()) {
      trailers.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
    }
  });
  std::vector<std::string> keys;
  for (const auto& [key, value] : received) keys.emplace_back(key);
  EXPECT_THAT(keys, ElementsAre("user-agent", "x-key", "x-key", "x-raw-bin"));
  EXPECT_EQ(received.Get("x-key"), "one");
  EXPECT_EQ(received.Get("x-raw-bin"), binary);
  EXPECT_EQ(headers.find("x-first")->second, "1");
  EXPECT_EQ(headers.find("x-raw-bin")->second, binary);
  EXPECT_EQ(headers.count("x-twice"), 2u);
  EXPECT_EQ(trailers.find("x-last")->second, "2");
  EXPECT_EQ(trailers.find("x-end-bin")->second, binary);
}

TEST_P(CallTest, MetadataThatGrpcDoesNotCarryIsDropped) {
  OnEachCall([](ScriptedSink& sink) {
    Metadata bad;
    bad.Add("a key", "x");
    bad.Add("", "x");
    bad.Add(":path", "x");
    bad.Add("grpc-status", "5");
    bad.Add("content-type", "text/html");
    bad.Add("x-newline", "a\nb");
    bad.Add("x-good", "yes");
    sink.call->SendHeaders(bad);
    sink.Finish(OkStatus(), bad);
  });
  Listen();
  size_t headers = 0, trailers = 0;
  ClientCall::Answer answer;
  RunWith([&] {
    ClientCall call(Connect(address_), "/a.B/C");
    answer = call.Exchange({});
    headers = call.context().GetServerInitialMetadata().size();
    trailers = call.context().GetServerTrailingMetadata().size();
    EXPECT_EQ(call.context().GetServerTrailingMetadata().count("x-good"), 1u);
  });
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(headers, 1u);
  EXPECT_EQ(trailers, 1u);
}

TEST_P(CallTest, HeadersGoOutBeforeAnyMessage) {
  OnEachCall([&](ScriptedSink& sink) {
    Metadata headers;
    headers.Add("x-early", "1");
    sink.call->SendHeaders(headers);
    sink.AddCredit(1);
    sink.on_message = [&] { sink.Finish(); };
  });
  Listen();
  RunWith([&] {
    ClientCall call(Connect(address_), "/a.B/C");
    call.Start();
    // The server waits for a message, which is not sent before the headers are here.
    EXPECT_TRUE(call.ReadHeaders());
    EXPECT_EQ(call.context().GetServerInitialMetadata().count("x-early"), 1u);
    call.Write("go");
    EXPECT_TRUE(call.Finish().ok());
  });
}

TEST_P(CallTest, StatusGoesWithMessageAndDetails) {
  const std::string details("\x08\x05\x12\x00raw", 7);
  OnEachCall([&](ScriptedSink& sink) {
    sink.Write("before");
    sink.Finish(NotFoundError("no file 'ä%'").WithDetails(details));
  });
  Listen();
  ClientCall::Answer answer;
  RunWith([&] { answer = Exchange("/a.B/C", {"x"}); });
  EXPECT_THAT(answer.messages, ElementsAre("before"));
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(answer.status.error_message(), "no file 'ä%'");
  EXPECT_EQ(answer.status.error_details(), details);
  EXPECT_TRUE(only_sink().outcome.ok()) << only_sink().outcome.ToString();
}

TEST_P(CallTest, FinishBeforeTheHalfCloseIsASuccess) {
  OnEachCall([](ScriptedSink& sink) {
    sink.AddCredit(5);
    sink.on_message = [&] { sink.Finish(); };
  });
  Listen();
  grpc::Status status;
  RunWith([&] {
    ClientCall call(Connect(address_), "/a.B/C");
    call.Start();
    call.Write("only");
    status = call.Finish();
  });
  EXPECT_TRUE(status.ok());
  EXPECT_TRUE(only_sink().outcome.ok()) << only_sink().outcome.ToString();
  EXPECT_FALSE(only_sink().half_closed);
}

TEST_P(CallTest, ServerStreamWaitsForRoomAndKeepsOrder) {
  constexpr int kMessages = 200;
  int next = 0;
  int refused = 0;
  OnEachCall([&](ScriptedSink& sink) {
    const auto pump = [&] {
      while (next < kMessages) {
        std::string message(20000, static_cast<char>('a' + next % 26));
        message += std::to_string(next++);
        if (sink.Write(message)) continue;
        ++refused;
        return;
      }
      sink.Finish();
    };
    sink.on_writable = pump;
    sink.on_half_close = pump;
  });
  Listen({.max_buffered_bytes = 64 << 10});
  ClientCall::Answer answer;
  RunWith([&] { answer = Exchange("/a.B/C", {}); });
  EXPECT_TRUE(answer.status.ok());
  ASSERT_EQ(answer.messages.size(), static_cast<size_t>(kMessages));
  for (int i = 0; i < kMessages; ++i) {
    EXPECT_EQ(answer.messages[i], std::string(20000, static_cast<char>('a' + i % 26)) + std::to_string(i));
  }
  EXPECT_GT(refused, 0);
  EXPECT_GE(only_sink().writables + 1, static_cast<size_t>(refused));
  EXPECT_GT(only_sink().writables, 0u);
}

TEST_P(CallTest, PeerThatDoesNotReadHoldsTheWriterBack) {
  Signal full;
  size_t written = 0;
  OnEachCall([&](ScriptedSink& sink) {
    const std::string message(100000, 'x');
    // Far more than the windows of HTTP/2 and the buffers of sockets hold comes in only while the peer reads.
    sink.on_writable = [&, message] {
      while (sink.Write(message)) ++written;
    };
    while (sink.Write(message)) ++written;
    full.Set();
  });
  Listen();
  RunWith([&] {
    ClientCall call(Connect(address_), "/a.B/C");
    call.Start();
    EXPECT_TRUE(full.Wait());
    EXPECT_EQ(call.Read()->size(), 100000u);
  });
  EXPECT_EQ(only_sink().outcome.code(), StatusCode::kCancelled);
  EXPECT_LT(written, 1000u);
}

TEST_P(CallTest, ClientStreamComesOneMessageForOneCredit) {
  OnEachCall([&](ScriptedSink& sink) {
    sink.AddCredit(1);
    sink.on_message = [&] {
      const size_t seen = sink.messages.size();
      loop_.SetImmediate([&sink, seen] {
        // ScriptedSink itself fails on a message without credit.
        EXPECT_EQ(sink.messages.size(), seen);
        // The half-close may have come, and with it the end.
        if (!sink.done) sink.AddCredit(1);
      });
    };
    sink.on_half_close = [&] {
      sink.Write(std::to_string(sink.messages.size()));
      sink.Finish();
    };
  });
  Listen();
  std::vector<std::string> requests;
  for (int i = 0; i < 100; ++i) requests.push_back(std::to_string(i));
  ClientCall::Answer answer;
  RunWith([&] { answer = Exchange("/a.B/C", requests); });
  EXPECT_THAT(answer.messages, ElementsAre("100"));
  EXPECT_EQ(only_sink().messages, requests);
}

TEST_P(CallTest, HalfCloseIsSeenWithoutCredit) {
  OnEachCall([&](ScriptedSink& sink) {
    sink.on_half_close = [&] { sink.Finish(); };
  });
  Listen();
  ClientCall::Answer answer;
  RunWith([&] { answer = Exchange("/a.B/C", {}); });
  EXPECT_TRUE(answer.status.ok());
  EXPECT_TRUE(only_sink().half_closed);
}

TEST_P(CallTest, BidirectionalStreamIsEchoedMessageByMessage) {
  OnEachCall(Echo);
  Listen();
  RunWith([&] {
    ClientCall call(Connect(address_), "/a.B/C");
    EXPECT_TRUE(call.Start());
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE(call.Write(std::to_string(i)));
      EXPECT_EQ(call.Read(), std::to_string(i));
    }
    EXPECT_TRUE(call.WritesDone());
    EXPECT_EQ(call.Read(), std::nullopt);
    EXPECT_TRUE(call.Finish().ok());
  });
  EXPECT_TRUE(only_sink().half_closed);
}

TEST_P(CallTest, CancelIsNoticedWithoutCredit) {
  Signal begun, over;
  OnEachCall([&](ScriptedSink& sink) {
    sink.on_done = [&] { over.Set(); };
    begun.Set();
  });
  Listen();
  RunWith([&] {
    ClientCall call(Connect(address_), "/a.B/C");
    call.Start();
    call.Write("never read");
    call.Write("nor this");
    EXPECT_TRUE(begun.Wait());
    call.context().TryCancel();
    EXPECT_TRUE(over.Wait());
  });
  EXPECT_EQ(only_sink().outcome.code(), StatusCode::kCancelled);
  EXPECT_THAT(std::string(only_sink().outcome.message()), HasSubstr("/a.B/C"));
  EXPECT_THAT(only_sink().messages, ElementsAre());
}

TEST_P(CallTest, CancelledUploadNeverLooksComplete) {
  OnEachCall([](ScriptedSink& sink) { sink.AddCredit(100); });
  Listen();
  RunWith([&] {
    const auto channel = Connect(address_);
    for (int i = 0; i < 100; ++i) {
      ClientCall call(channel, "/a.B/C");
      call.Start();
      call.Write("half of it");
      call.context().TryCancel();
      EXPECT_EQ(call.Finish().error_code(), grpc::StatusCode::CANCELLED);
    }
  });
  for (const auto& sink : sinks_) {
    EXPECT_FALSE(sink->half_closed);
    EXPECT_EQ(sink->outcome.code(), StatusCode::kCancelled);
  }
}

TEST_P(CallTest, PeerThatGoesAwayCancelsItsCalls) {
  Signal begun, over;
  OnEachCall([&](ScriptedSink& sink) {
    sink.AddCredit(1);
    sink.on_message = [&] { begun.Set(); };
    sink.on_done = [&] { over.Set(); };
  });
  Listen();
  RunWith([&] {
    {
      ClientCall call(Connect(address_), "/a.B/C");
      call.Start();
      call.Write("hello");
      EXPECT_TRUE(begun.Wait());
    }
    EXPECT_TRUE(over.Wait());
  });
  EXPECT_EQ(only_sink().outcome.code(), StatusCode::kCancelled);
  EXPECT_FALSE(only_sink().half_closed);
}

TEST_P(CallTest, DeadlineThatPassesEndsTheCall) {
  OnEachCall([](ScriptedSink& sink) { sink.AddCredit(1); });
  Listen();
  grpc::Status status;
  RunWith([&] {
    ClientCall call(Connect(address_), "/a.B/C");
    call.context().set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
    call.Start();
    status = call.Finish();
  });
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  // A machine under load may not even let the call begin in time.
  if (sinks_.empty()) GTEST_SKIP() << "the call did not reach the server before its deadline";
  EXPECT_EQ(only_sink().outcome.code(), StatusCode::kDeadlineExceeded) << only_sink().outcome.ToString();
}

TEST_P(CallTest, SinkMayFinishInOnCall) {
  OnEachCall([](ScriptedSink& sink) { sink.Finish(PermissionDeniedError("not you")); });
  Listen();
  ClientCall::Answer answer;
  RunWith([&] { answer = Exchange("/a.B/C", {"x"}); });
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

}  // namespace
}  // namespace rota
