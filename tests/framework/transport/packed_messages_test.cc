// Messages that are compressed, on their way in and on their way out.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/framework/transport/client_call.h"
#include "tests/framework/transport/server_test_base.h"

namespace rota {
namespace {

std::string Letters(size_t size) {
  std::minstd_rand random(1);
  std::string text(size, 'z');
  for (char& letter : text) letter = static_cast<char>('a' + random() % 4);
  return text;
}

class PackedTest : public ServerTestBase {
 protected:
  // What a call answers whose client packs its messages.
  ClientCall::Answer ExchangePacked(grpc_compression_algorithm algorithm, const std::vector<std::string>& messages) {
    Listen();
    ClientCall::Answer answer;
    RunWith([&] {
      ClientCall call(Connect(address_), "/a.B/C");
      call.context().set_compression_algorithm(algorithm);
      answer = call.Exchange(messages);
    });
    return answer;
  }

  const std::vector<std::string> texts_ = {Letters(100'000), "", std::string(100'000, 'z')};
};

INSTANTIATE_TEST_SUITE_P(Transports, PackedTest, ::testing::ValuesIn(kTransports), TransportName);

TEST_P(PackedTest, MessagesInGzipArriveAsTheyWere) {
  OnEachCall(Echo);
  const ClientCall::Answer answer = ExchangePacked(GRPC_COMPRESS_GZIP, texts_);
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_TRUE(answer.messages == texts_);
  EXPECT_TRUE(only_sink().messages == texts_);
}

TEST_P(PackedTest, DeflateIsUnpackedByGrpcppOnly) {
  OnEachCall(Echo);
  const ClientCall::Answer answer = ExchangePacked(GRPC_COMPRESS_DEFLATE, texts_);
  if (GetParam().native()) {
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  } else {
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    EXPECT_TRUE(answer.messages == texts_);
  }
}

// Some are packed and unpacked where they are, and some in steps while others could overtake them.
TEST_P(PackedTest, MessagesOfAnySizeKeepTheirOrder) {
  std::vector<std::string> texts;
  for (const size_t size : {0, 1, 10'000, 17'000, 70'000, 300'000, 5, 1'000'000, 0, 66'000}) texts.push_back(Letters(size));
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
  const ClientCall::Answer answer = ExchangePacked(GRPC_COMPRESS_GZIP, texts);
  EXPECT_EQ(answer.status.error_message(), "the end");
  EXPECT_TRUE(only_sink().messages == texts);
  EXPECT_TRUE(answer.messages == texts);
}

TEST_P(PackedTest, AMessageIsHeldToTheLimitByItsRealSize) {
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

TEST_P(PackedTest, TheLoopGoesOnWhileALargeMessageIsUnpacked) {
  const auto iterations = [this] { return loop_.stats().iterations; };
  uint64_t before = 0, after = 0;
  OnEachCall([&](ScriptedSink& sink) {
    sink.AddCredit(2);
    sink.on_message = [&, &sink = sink] { (sink.messages.size() == 1 ? before : after) = iterations(); };
    sink.on_half_close = [&] { sink.Finish(); };
  });
  EXPECT_TRUE(ExchangePacked(GRPC_COMPRESS_GZIP, {"small", std::string(4 << 20, 'z')}).status.ok());
  // It takes milliseconds, and an iteration gives it one at most.
  EXPECT_GE(after - before, 2u);
}

// Packed, if the peer takes that.
void WritePacked(ScriptedSink& sink, const std::string& text) {
  sink.call->AllowCompression();
  Payload answer = Payload::Copy(text);
  answer.set_compressed(true);
  sink.call->Write(std::move(answer));
}

TEST_P(PackedTest, TheLoopGoesOnWhileALargeAnswerIsPacked) {
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

TEST_P(PackedTest, APeerThatDoesNotTakeGzipGetsItsAnswer) {
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

// Calls of one connection that have a message each which is much work to unpack, so that most of them wait for their turn.
class UnpackingTest : public ServerTestBase {
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
  for (const auto& sink : sinks_) EXPECT_EQ(sink->outcome, UnavailableError("the server is shutting down"));
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
  for (const auto& sink : sinks_) EXPECT_EQ(sink->outcome.code(), StatusCode::kUnavailable);
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
class PackingTest : public ServerTestBase {
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
  for (const auto& sink : sinks_) EXPECT_EQ(sink->outcome, UnavailableError("the server is shutting down"));
}

TEST_P(PackingTest, AnAnswerThatWaitsEndsWithTheDestructorOfTheServer) {
  Listen();
  std::thread client([this] {
    OpenAll([this] { server_ = nullptr; });
    EXPECT_TRUE(all_done_.Wait());
  });
  loop_.Run();
  client.join();
  for (const auto& sink : sinks_) EXPECT_EQ(sink->outcome.code(), StatusCode::kUnavailable);
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

}  // namespace
}  // namespace rota
