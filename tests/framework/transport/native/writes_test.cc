// How often the server writes, how much of it one connection gets in its turn, and from which memory: by looking at the system calls.
// The grpcpp transport leaves all of this to gRPC.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "framework/base/status.h"
#include "framework/context/metadata.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/loop_observer.h"
#include "framework/rpc/payload.h"
#include "framework/rpc/transport.h"
#include "framework/testing/manual_clock.h"
#include "framework/transport/native/native_server.h"
#include "tests/faults/raw_connection.h"
#include "tests/socket_calls.h"

namespace rota {
namespace {

using faults::RawConnection;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// Does what the test says when a call has its message, and when its peer has said all.
class Scripted final : public CallAcceptor {
 public:
  struct Sink final : CallSink {
    Sink(Scripted& all, Call& call) : all(all), call(&call) { call.AddReadCredit(1'000'000); }
    void OnMessage(Payload message) override {
      all.bytes += message.size();
      if (all.on_message) all.on_message(*this);
    }
    void OnHalfClose() override {
      if (all.on_half_close) all.on_half_close(*this);
    }
    void OnWritable() override {}
    void OnDone(const Status&) override {
      ++all.done;
      call = nullptr;
    }
    void Write(size_t size) { call->Write(Payload::Copy(std::string(size, 'm'))); }
    void Finish(Status status = OkStatus()) { call->Finish(std::move(status), Metadata()); }
    // The answer of a unary call.
    void Answer(size_t size) {
      Write(size);
      Finish();
    }

    Scripted& all;
    Call* call;  // Null once it is done.
  };
  CallSink* OnCall(Call& call) override {
    sinks.push_back(std::make_unique<Sink>(*this, call));
    return sinks.back().get();
  }

  std::function<void(Sink&)> on_message, on_half_close;
  std::vector<std::unique_ptr<Sink>> sinks;
  size_t bytes = 0;  // Of messages that have come.
  size_t done = 0;
};

// HEADERS and one message, and the end unless told otherwise.
std::string Request(uint32_t stream, const std::string& message = "", bool end = true) {
  return faults::CallFrames(stream, "/a.B/C") + faults::DataFrames(stream, faults::Message(message), end);
}

class WritesTest : public testing::Test {
 protected:
  ~WritesTest() override {
    // They refer to what the test has had.
    loop_.SetObserver(nullptr);
    calls_.on_write = nullptr;
    acceptor_.on_message = acceptor_.on_half_close = nullptr;
    clients_.clear();
    bool drained = false;
    server_->Drain(Duration::zero(), [&] { drained = true; });
    loop_.Run();
    EXPECT_TRUE(drained);
  }
  void Listen(const ServerOptions& options = ServerOptions()) {
    server_ = NewNativeServer(loop_, options);
    auto bound = server_->Listen({"127.0.0.1:0"}, acceptor_);
    ASSERT_TRUE(bound.ok());
    address_ = bound->front();
  }
  // Connections on which all is said that is said at the beginning.
  void Connect(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      clients_.push_back(std::make_unique<RawConnection>(address_));
      clients_.back()->Start();
      ports_.push_back(SocketCalls::PortOf(clients_.back()->fd()));
    }
    for (int round = 0; round < 3; ++round) {
      RunTimes(100);
      for (auto& client : clients_) client->ReadReady();
    }
    for (auto& client : clients_) ASSERT_EQ(client->settings_acked(), 1u);
    calls_.writes.clear();
  }
  // An iteration that does not wait.
  void RunOnce() {
    loop_.SetImmediate([] {});
    loop_.RunOnce();
  }
  void RunTimes(int times) {
    for (int i = 0; i < times; ++i) RunOnce();
  }
  void RunUntil(const std::function<bool()>& happened) {
    for (int i = 0; i < 10'000 && !happened(); ++i) RunOnce();
    ASSERT_TRUE(happened());
  }
  void AwaitDone(size_t count) {
    RunUntil([&] { return acceptor_.done == count; });
  }
  // When it is over, all of it is there for the server to read.
  void Send(size_t client, const std::string& bytes) {
    ASSERT_TRUE(clients_[client]->Send(bytes));
    ASSERT_TRUE(calls_.AwaitFrom(ports_[client], bytes.size()));
  }
  void SendFromEach(const std::function<std::string(RawConnection&)>& make) {
    for (size_t i = 0; i < clients_.size(); ++i) Send(i, make(*clients_[i]));
  }
  size_t Writes(size_t client = 0) const { return calls_.CountTo(ports_[client]); }
  size_t BytesWritten(size_t client = 0) const { return calls_.BytesTo(ports_[client]); }

  SocketCalls calls_;
  ManualClock clock_;
  EventLoop loop_{clock_};
  Scripted acceptor_;
  std::unique_ptr<Server> server_;
  std::string address_;
  std::vector<std::unique_ptr<RawConnection>> clients_;
  std::vector<uint16_t> ports_;
};

// ---- How often.

TEST_F(WritesTest, TheAnswerOfAUnaryCallLeavesInOneWrite) {
  Listen();
  Connect(1);
  size_t calls = 0;
  for (const size_t size : {0, 1, 16, 1 << 10, 1025, 4 << 10, 64 << 10}) {
    acceptor_.on_half_close = [size](Scripted::Sink& sink) { sink.Answer(size); };
    calls_.writes.clear();
    const uint64_t before = clients_[0]->bytes_read();
    const uint32_t stream = clients_[0]->NextStream();
    Send(0, Request(stream));
    AwaitDone(++calls);
    RunTimes(3);
    const faults::Answer& answer = clients_[0]->Await(stream);
    EXPECT_EQ(answer.status(), 0);
    EXPECT_EQ(answer.data.size(), size + Payload::kHeadroom);
    EXPECT_EQ(Writes(), 1u) << "of " << size << " bytes";
    EXPECT_EQ(BytesWritten(), clients_[0]->bytes_read() - before) << "something was written in another way";
  }
}

TEST_F(WritesTest, AStatusAloneLeavesInOneWrite) {
  Listen();
  Connect(1);
  acceptor_.on_half_close = [](Scripted::Sink& sink) { sink.Finish(NotFoundError("nothing here")); };
  Send(0, Request(1));
  AwaitDone(1);
  RunTimes(3);
  EXPECT_EQ(clients_[0]->Await(1).status(), 5);
  EXPECT_EQ(Writes(), 1u);
}

// As many as a connection begins at once.
TEST_F(WritesTest, CallsThatComeInOneReadAreAnsweredInOneWrite) {
  constexpr size_t kCalls = 32;
  Listen();
  Connect(1);
  size_t calls = 0;
  for (const size_t size : {0, 16, 100, 1000, 1 << 10, 4 << 10}) {
    acceptor_.on_half_close = [size](Scripted::Sink& sink) { sink.Answer(size); };
    calls_.writes.clear();
    std::string requests;
    for (size_t i = 0; i < kCalls; ++i) requests += Request(clients_[0]->NextStream());
    Send(0, requests);
    AwaitDone(calls += kCalls);
    RunTimes(3);
    EXPECT_EQ(Writes(), 1u) << "of " << kCalls << " times " << size << " bytes";
    clients_[0]->ReadReady();
  }
}

TEST_F(WritesTest, EachConnectionIsWrittenToOnceInAPollPhase) {
  constexpr size_t kPeers = 20, kCalls = 3;
  Listen();
  Connect(kPeers);
  acceptor_.on_half_close = [](Scripted::Sink& sink) { sink.Answer(16); };
  SendFromEach([](RawConnection& client) {
    std::string requests;
    for (size_t i = 0; i < kCalls; ++i) requests += Request(client.NextStream());
    return requests;
  });
  AwaitDone(kPeers * kCalls);
  RunTimes(3);
  for (size_t i = 0; i < kPeers; ++i) EXPECT_EQ(Writes(i), 1u);
}

TEST_F(WritesTest, WhatSeveralCallbacksOfAPhaseHaveWrittenLeavesAtItsEnd) {
  constexpr size_t kPeers = 30;
  Listen();
  Connect(kPeers);
  SendFromEach([](RawConnection& client) { return faults::CallFrames(client.NextStream(), "/a.B/C"); });
  RunUntil([&] { return acceptor_.sinks.size() == kPeers; });
  RunTimes(3);
  // A room: each hears what any of them says.
  acceptor_.on_message = [&](Scripted::Sink&) {
    for (const auto& sink : acceptor_.sinks) sink->Write(16);
  };
  SendFromEach([](RawConnection&) { return faults::DataFrames(1, faults::Message("hello"), false); });
  RunUntil([&] { return acceptor_.bytes == kPeers * 5; });
  RunTimes(3);
  for (size_t i = 0; i < kPeers; ++i) EXPECT_EQ(Writes(i), 1u);
}

// More connections than have something to send before it goes out in the midst of the phase.
TEST_F(WritesTest, AnswersThatGoOutInWavesLeaveInOneWriteForEachConnection) {
  constexpr size_t kPeers = 200;
  Listen();
  Connect(kPeers);
  acceptor_.on_half_close = [](Scripted::Sink& sink) { sink.Answer(16); };
  SendFromEach([](RawConnection& client) { return Request(client.NextStream()); });
  AwaitDone(kPeers);
  RunTimes(3);
  for (size_t i = 0; i < kPeers; ++i) EXPECT_EQ(Writes(i), 1u);
}

// ADR 0007, "Waves": 32 calls of a connection are begun at once, so it is written to once for each 32.
TEST_F(WritesTest, ManyCallsAreAnsweredInAWriteForEachTurnOfTheirConnection) {
  constexpr size_t kPeers = 10, kCalls = 100;
  Listen();
  Connect(kPeers);
  acceptor_.on_half_close = [](Scripted::Sink& sink) { sink.Answer(16); };
  SendFromEach([](RawConnection& client) {
    std::string requests;
    for (size_t i = 0; i < kCalls; ++i) requests += Request(client.NextStream());
    return requests;
  });
  AwaitDone(kPeers * kCalls);
  RunTimes(3);
  for (size_t i = 0; i < kPeers; ++i) {
    EXPECT_LE(Writes(i), (kCalls + 31) / 32);
    EXPECT_EQ(clients_[i]->Await(2 * kCalls - 1).status(), 0);
  }
}

TEST_F(WritesTest, MessagesThatAreStreamedInOneTurnLeaveInFewWrites) {
  Listen();
  Connect(1);
  size_t calls = 0;
  for (const size_t size : {1, 10, 100, 1000}) {
    // As much as a call may hold, which is more than the socket has buffers for at first.
    const size_t messages = (256 << 10) / (size + Payload::kHeadroom);
    calls_.Swallow(ports_[0]);
    acceptor_.on_half_close = [&](Scripted::Sink& sink) {
      for (size_t i = 0; i < messages; ++i) sink.Write(size);
      sink.Finish();
    };
    calls_.writes.clear();
    Send(0, Request(clients_[0]->NextStream()));
    AwaitDone(++calls);
    EXPECT_GE(BytesWritten(), messages * (size + Payload::kHeadroom));
    // One for each 64 KiB.
    EXPECT_LE(Writes(), 5u) << messages << " messages of " << size << " bytes";
  }
}

TEST_F(WritesTest, AnAnswerThatIsLongTakesAWriteForEach256KiB) {
  Listen();
  Connect(1);
  calls_.Swallow(ports_[0]);
  acceptor_.on_half_close = [](Scripted::Sink& sink) { sink.Answer(4 << 20); };
  Send(0, Request(1));
  AwaitDone(1);
  EXPECT_GE(BytesWritten(), size_t{4} << 20);
  EXPECT_LE(Writes(), 17u);
}

// ---- From which memory.

TEST_F(WritesTest, AMessageIsWrittenFromTheMemoryInWhichItWasMade) {
  Listen();
  Connect(1);
  size_t calls = 0;
  for (const size_t size : {1025, 5000, 64 << 10}) {
    const uint8_t* memory = nullptr;
    acceptor_.on_half_close = [&](Scripted::Sink& sink) {
      Payload message = Payload::Copy(std::string(size, 'm'));
      memory = message.headroom();
      sink.call->Write(std::move(message));
      sink.Finish();
    };
    size_t from_there = 0;
    calls_.on_write = [&](const msghdr& message) {
      for (size_t i = 0; i < message.msg_iovlen; ++i) {
        const auto* const bytes = static_cast<const uint8_t*>(message.msg_iov[i].iov_base);
        if (bytes >= memory && bytes < memory + size + Payload::kHeadroom) from_there += message.msg_iov[i].iov_len;
      }
    };
    Send(0, Request(clients_[0]->NextStream()));
    AwaitDone(++calls);
    calls_.on_write = nullptr;
    clients_[0]->ReadReady();
    // A piece of up to 1 KiB, such as what is left for the last frame, is copied: that costs less than one more piece.
    EXPECT_GE(from_there + 1024, size + Payload::kHeadroom);
    EXPECT_LE(from_there, size + Payload::kHeadroom);
  }
}

// ---- How much in one turn.

constexpr size_t kReadQuota = 256 << 10;
constexpr size_t kWriteQuota = 256 << 10;

TEST_F(WritesTest, WhoSendsWithoutEndIsReadAShareInEachIterationWhileOthersAreServed) {
  constexpr size_t kMessages = 1600, kMessage = 10'000;
  Listen();
  Connect(2);
  acceptor_.on_half_close = [](Scripted::Sink& sink) { sink.Answer(16); };
  Send(0, faults::CallFrames(1, "/a.B/C"));
  RunUntil([&] { return acceptor_.sinks.size() == 1; });
  // 16 MB that come as fast as they can be read.
  const std::string frame = faults::DataFrames(1, faults::Message(std::string(kMessage, 'f')), false);
  const size_t flood = kMessages * frame.size();
  calls_.Feed(ports_[0], frame, flood);
  Send(0, faults::PingFrame("12345678"));
  size_t iterations = 0;
  while (calls_.left(ports_[0]) > 0 && iterations < 1000) {
    const size_t left = calls_.left(ports_[0]);
    Send(1, Request(clients_[1]->NextStream()));
    RunOnce();
    ++iterations;
    EXPECT_LE(left - calls_.left(ports_[0]), kReadQuota);
    // In the same iteration.
    ASSERT_EQ(Writes(1), iterations);
    clients_[1]->ReadReady();
  }
  // Nor is the one that sends much held back.
  EXPECT_EQ(iterations, (flood + kReadQuota - 1) / kReadQuota);
  EXPECT_EQ(acceptor_.bytes, kMessages * kMessage);
}

TEST_F(WritesTest, WhoIsSentMuchIsWrittenAShareInEachIterationWhileOthersAreServed) {
  constexpr size_t kAnswer = 4 << 20, kAnswers = 8;
  Listen();
  Connect(2);
  // It takes all, as fast as it can be written.
  calls_.Swallow(ports_[0]);
  acceptor_.on_half_close = [&](Scripted::Sink& sink) { sink.Answer(sink.call->start().path == "/a.B/C" ? 16 : kAnswer); };
  std::string requests;
  for (size_t i = 0; i < kAnswers; ++i) {
    const uint32_t stream = clients_[0]->NextStream();
    requests += faults::CallFrames(stream, "/a.B/Much") + faults::DataFrames(stream, "", true);
  }
  Send(0, requests);
  size_t iterations = 0;
  while (BytesWritten(0) < kAnswers * kAnswer && iterations < 1000) {
    const size_t before = BytesWritten(0);
    Send(1, Request(clients_[1]->NextStream()));
    RunOnce();
    ++iterations;
    // What is begun below the quota is done.
    EXPECT_LE(BytesWritten(0) - before, kWriteQuota + (256 << 10) + (16 << 10));
    ASSERT_EQ(Writes(1), iterations);
    clients_[1]->ReadReady();
  }
  EXPECT_GE(iterations, kAnswers * kAnswer / (kWriteQuota + (256 << 10) + (16 << 10)));
  EXPECT_LE(iterations, kAnswers * kAnswer / kWriteQuota + 1);
}

TEST_F(WritesTest, ManyConnectionsThatAreSentMuchShareAnIteration) {
  constexpr size_t kPeers = 64, kAnswer = 1 << 20;
  Listen();
  Connect(kPeers);
  for (const uint16_t port : ports_) calls_.Swallow(port);
  acceptor_.on_half_close = [](Scripted::Sink& sink) { sink.Answer(kAnswer); };
  SendFromEach([](RawConnection&) { return Request(1); });
  size_t most = 0;
  for (size_t before = 0, i = 0; acceptor_.done < kPeers && i < 1000; ++i) {
    RunOnce();
    size_t now = 0;
    for (const SocketCalls::Write& write : calls_.writes) now += write.bytes;
    most = std::max(most, now - before);
    before = now;
  }
  EXPECT_EQ(acceptor_.done, kPeers);
  // Two runs of the hook and one in the midst of poll, 4 MiB each, and what the last of them has begun.
  EXPECT_LE(most, 3 * ((4 << 20) + kWriteQuota + (256 << 10)));
}

// ---- For how long.

class LongestPhase final : public LoopObserver {
 public:
  void OnPhase(Phase, Duration at_work, uint64_t) override { longest = std::max(longest, at_work); }
  Duration longest{};
};

// What goes out in the midst of poll is work of that phase, though it may be that of many connections in one callback.
TEST_F(WritesTest, WhatGoesOutInTheMidstOfPollKeepsToItsBudgetOfTime) {
  constexpr size_t kPeers = 64;
  constexpr Duration kWrite = microseconds(15);
  Listen();
  Connect(kPeers);
  SendFromEach([](RawConnection& client) { return faults::CallFrames(client.NextStream(), "/a.B/C"); });
  RunUntil([&] { return acceptor_.sinks.size() == kPeers; });
  RunTimes(10);
  LongestPhase phases;
  loop_.SetObserver(&phases);
  calls_.writes.clear();
  calls_.on_write = [&](const msghdr&) { clock_.Advance(kWrite); };
  // A room of all of them, so that each message makes a wave: 64 times 64 writes, 61 ms.
  acceptor_.on_message = [&](Scripted::Sink&) {
    for (const auto& sink : acceptor_.sinks) sink->Write(16);
  };
  SendFromEach([](RawConnection&) { return faults::DataFrames(1, faults::Message("hello"), false); });
  RunUntil([&] { return acceptor_.bytes == kPeers * 5; });
  RunTimes(10);
  for (size_t i = 0; i < kPeers; ++i) EXPECT_GE(BytesWritten(i), kPeers * (16 + Payload::kHeadroom));
  EXPECT_GT(calls_.writes.size() * kWrite, milliseconds(15)) << "there was no more to write than the budget allows";
  // The budget, up to eight writes until it looks at the clock, the rest of a wave, and a run of the hook after that.
  EXPECT_LE(phases.longest, milliseconds(10) + (8 + 2 * 64) * kWrite);
}

}  // namespace
}  // namespace rota
