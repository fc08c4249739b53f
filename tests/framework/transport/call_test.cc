#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tests/framework/transport/client_call.h"
#include "tests/framework/transport/server_test_base.h"

namespace rota {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
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
  Signal over;
  OnEachCall([&](ScriptedSink& sink) {
    Echo(sink);
    sink.on_done = [&] { over.Set(); };
  });
  Listen({.max_message_bytes = 1000});
  ClientCall::Answer answer;
  RunWith([&] {
    answer = Exchange("/a.B/C", {std::string(1 << 20, 'a')});
    EXPECT_TRUE(over.Wait());
  });
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

TEST_P(CallTest, MetadataUpToTheLimitIsTakenAndMoreIsRefused) {
  size_t taken = 0;
  OnEachCall([&](ScriptedSink& sink) {
    taken = 0;
    for (const auto& [key, value] : sink.call->start().metadata) taken += key == "x-much" ? value.size() : 0;
    sink.Finish(OkStatus());
  });
  Listen();
  std::vector<grpc::Status> statuses;
  RunWith([&] {
    const auto channel = Connect(address_);
    // The third is just below where gRPC would end the connection.
    for (const size_t fields : {5, 10, 21, 5}) {
      ClientCall call(channel, "/a.B/C");
      for (size_t i = 0; i < fields; ++i) call.context().AddMetadata("x-much", std::string(3000, 'm'));
      statuses.push_back(call.Exchange({}).status);
    }
  });
  ASSERT_EQ(statuses.size(), 4u);
  EXPECT_TRUE(statuses[0].ok()) << statuses[0].error_message();
  for (const size_t too_much : {1, 2}) {
    EXPECT_EQ(statuses[too_much].error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(statuses[too_much].error_message(), "the header fields are larger than the limit of " + std::to_string(kMaxHeaderBytes));
  }
  EXPECT_TRUE(statuses[3].ok()) << statuses[3].error_message();
  EXPECT_EQ(taken, 15'000u);
  EXPECT_EQ(sinks_.size(), 2u) << "one that is refused reaches nobody";
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
  Signal full, over;
  size_t written = 0;
  OnEachCall([&](ScriptedSink& sink) {
    sink.on_done = [&] { over.Set(); };
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
    {
      ClientCall call(Connect(address_), "/a.B/C");
      call.Start();
      EXPECT_TRUE(full.Wait());
      EXPECT_EQ(call.Read()->size(), 100000u);
    }
    EXPECT_TRUE(over.Wait());
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
    // The server may be told to stop before it hears of the last ones.
    EXPECT_THAT(sink->outcome.code(), AnyOf(StatusCode::kCancelled, StatusCode::kUnavailable));
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
  std::atomic<bool> has_arrived = false;
  OnEachCall([&](ScriptedSink& sink) {
    has_arrived = true;
    sink.AddCredit(1);
  });
  Listen();
  RunWith([&] {
    // A machine under load may not let a call begin in time: the next has longer.
    for (std::chrono::milliseconds limit(100); !has_arrived && limit < std::chrono::minutes(1); limit *= 2) {
      ClientCall call(Connect(address_), "/a.B/C");
      call.context().set_deadline(std::chrono::system_clock::now() + limit);
      call.Start();
      EXPECT_EQ(call.Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
    }
  });
  ASSERT_TRUE(has_arrived);
  for (const auto& sink : sinks_) EXPECT_EQ(sink->outcome.code(), StatusCode::kDeadlineExceeded) << sink->outcome.ToString();
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
