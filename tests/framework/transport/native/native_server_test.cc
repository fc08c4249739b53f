// How much of what peers do one iteration takes on, and how many calls a connection may have.

#include "framework/transport/native/native_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/loop/event_loop.h"
#include "framework/rpc/transport.h"
#include "framework/testing/manual_clock.h"
#include "framework/transport/native/admission_queue.h"
#include "tests/faults/raw_connection.h"

namespace rota {
namespace {

using faults::RawConnection;

// Leaves each call open until the test says so.
class Waiting final : public CallAcceptor {
 public:
  CallSink* OnCall(Call& call) override {
    calls.push_back(std::make_unique<Sink>(*this, call));
    Sink* const sink = calls.back().get();
    if (on_call) std::exchange(on_call, nullptr)();
    return sink;
  }

  struct Sink final : CallSink {
    Sink(Waiting& all, Call& call) : all(all), call(call), slot(call.start().slot) {}
    // As the RPC layer does when a handler has ended.
    void Finish() {
      slot = nullptr;
      call.Finish(OkStatus(), Metadata());
    }
    void OnMessage(Payload) override {}
    void OnHalfClose() override {}
    void OnWritable() override {}
    void OnDone(const Status&) override { ++all.done; }
    Waiting& all;
    Call& call;
    Ref<RefCounted> slot;
  };
  std::function<void()> on_call;  // Once.
  std::vector<std::unique_ptr<Sink>> calls;
  size_t done = 0;
};

constexpr size_t kClosesInAnIteration = native::AdmissionQueue::kTurns;
// ADR 0007: two runs of the hook in an iteration, with sixteen in each.
constexpr size_t kFlushesInAnIteration = 32;

class NativeServerTest : public testing::Test {
 protected:
  explicit NativeServerTest(LoopOptions options = LoopOptions()) : loop_(clock_, options) {}
  ~NativeServerTest() override {
    clients_.clear();
    if (server_ == nullptr) return;
    bool drained = false;
    server_->Drain(Duration::zero(), [&] { drained = true; });
    loop_.Run();
    EXPECT_TRUE(drained);
    EXPECT_EQ(server_->stats().calls_in_flight(), 0u);
  }
  void Listen() {
    server_ = NewNativeServer(loop_, ServerOptions());
    auto bound = server_->Listen({"127.0.0.1:0"}, acceptor_);
    ASSERT_TRUE(bound.ok());
    address_ = bound->front();
  }
  // Connections with an open call each.
  void Open(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      clients_.push_back(std::make_unique<RawConnection>(address_));
      clients_.back()->Start();
      clients_.back()->Send(faults::CallFrames(clients_.back()->NextStream(), "/a.B/C"));
    }
    RunUntil([&] { return acceptor_.calls.size() == count; });
    // What the server says at the beginning is out, too, and has its answer.
    for (int i = 0; i < 100; ++i) RunOnce();
    for (auto& client : clients_) client->ReadReady();
    for (int i = 0; i < 100; ++i) RunOnce();
  }
  static size_t OpenDescriptors() {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()));
  }
  // An iteration that does not wait.
  void RunOnce() {
    loop_.SetImmediate([] {});
    loop_.RunOnce();
  }
  // The most of `count` that one iteration has added.
  size_t RunUntil(const std::function<bool()>& happened, const std::function<size_t()>& count = [] { return 0; }) {
    size_t most = 0;
    for (int i = 0; i < 10000 && !happened(); ++i) {
      const size_t before = count();
      RunOnce();
      most = std::max(most, count() - before);
    }
    EXPECT_TRUE(happened());
    return most;
  }

  ManualClock clock_;
  EventLoop loop_;
  Waiting acceptor_;
  std::unique_ptr<Server> server_;
  std::string address_;
  std::vector<std::unique_ptr<RawConnection>> clients_;
};

class NativeServerWithoutBudgetTest : public NativeServerTest {
 protected:
  NativeServerWithoutBudgetTest() : NativeServerTest({.poll_budget_callbacks = 1}) {}
};

TEST_F(NativeServerWithoutBudgetTest, APeerThatKeepsAsManyStreamsOpenAsItMayIsNeverRefused) {
  constexpr size_t kMost = 1000;  // SETTINGS_MAX_CONCURRENT_STREAMS
  Listen();
  Open(2);
  RawConnection& other = *clients_.front();
  RawConnection& peer = *clients_.back();
  std::deque<uint32_t> open = {1};
  std::deque<Waiting::Sink*> running;
  const auto open_one = [&] {
    open.push_back(peer.NextStream());
    peer.Send(faults::CallFrames(open.back(), "/a.B/C") + faults::DataFrames(open.back(), "", true));
  };
  while (open.size() < kMost) open_one();
  RunUntil([&] { return acceptor_.calls.size() == kMost + 1; });
  size_t taken = 2;
  for (int round = 0; round < 30; ++round) {
    for (; taken < acceptor_.calls.size(); ++taken) {
      if (acceptor_.calls[taken]->call.start().path == "/a.B/C") running.push_back(acceptor_.calls[taken].get());
    }
    // In the poll phase, when a read of the peer has been put off: the ends of its calls are put off behind that.
    acceptor_.on_call = [&] {
      for (int i = 0; i < 100; ++i, running.pop_front()) running.front()->Finish();
    };
    other.Send(faults::CallFrames(other.NextStream(), "/other"));
    peer.Send(faults::PingFrame("12345678"));
    RunOnce();
    for (peer.ReadReady(); peer.Await(open[1], RawConnection::Seconds(0)).ended; open_one()) open.erase(open.begin() + 1);
    for (int i = 0; i < 20; ++i) RunOnce();
    peer.ReadReady();
    for (const uint32_t stream : open) ASSERT_FALSE(peer.Await(stream, RawConnection::Seconds(0)).reset.has_value()) << "in round " << round;
  }
  EXPECT_EQ(acceptor_.calls.size(), kMost + 1 + 30 * 101);
  EXPECT_EQ(server_->stats().calls_refused, 0u);
}

TEST_F(NativeServerTest, AStreamThatIsResetMakesNoRoomBeforeItsHandlerHasEnded) {
  Listen();
  Open(1);
  RawConnection& peer = *clients_.front();
  for (int i = 1; i < 1000; ++i) peer.Send(faults::CallFrames(peer.NextStream(), "/a.B/C"));
  RunUntil([&] { return acceptor_.calls.size() == 1000; });
  peer.Send(faults::RstStreamFrame(1, 8));
  RunUntil([&] { return acceptor_.done == 1; });
  const uint32_t refused = peer.NextStream();
  peer.Send(faults::CallFrames(refused, "/a.B/C"));
  RunUntil([&] { return peer.ReadReady(), peer.Await(refused, RawConnection::Seconds(0)).reset == 7u; });
  acceptor_.calls.front()->slot = nullptr;
  peer.Send(faults::CallFrames(peer.NextStream(), "/a.B/C"));
  RunUntil([&] { return acceptor_.calls.size() == 1001; });
}

TEST_F(NativeServerTest, HasRoomForDescriptorsBeforeTheFirstPeerComes) {
  const auto places = [] {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.rfind("FDSize:", 0) == 0) return std::stoul(line.substr(7));
    }
    return 0ul;
  };
  Listen();
  EXPECT_GE(places(), 512u);
  const size_t before = places();
  Open(200);
  EXPECT_EQ(places(), before);
}

TEST_F(NativeServerTest, CallsOfPeersThatAreServedDoNotWaitForACrowdThatComes) {
  constexpr size_t kPeers = 200;
  Listen();
  Open(1);
  const auto by_path = [&](std::string_view path) {
    return static_cast<size_t>(std::count_if(acceptor_.calls.begin(), acceptor_.calls.end(), [&](const auto& sink) { return sink->call.start().path == path; }));
  };
  for (size_t i = 0; i < kPeers; ++i) {
    clients_.push_back(std::make_unique<RawConnection>(address_));
    clients_.back()->Start();
    clients_.back()->Send(faults::CallFrames(1, "/of.The/Crowd"));
  }
  RawConnection& served = *clients_.front();
  size_t crowd = 0;
  for (size_t sent = 1; crowd < kPeers && sent < kPeers; ++sent) {
    served.Send(faults::CallFrames(served.NextStream(), "/of.One/Served"));
    RunOnce();
    ASSERT_EQ(by_path("/of.One/Served"), sent) << "in the iteration that hears of it";
    const size_t before = std::exchange(crowd, by_path("/of.The/Crowd"));
    ASSERT_LE(crowd - before, native::AdmissionQueue::kTurns);
  }
  EXPECT_EQ(crowd, kPeers);
}

TEST_F(NativeServerTest, PeersThatGoAllAtOnceAreLetGoAFewInAnIteration) {
  constexpr size_t kPeers = 200;
  Listen();
  Open(kPeers);
  for (auto& client : clients_) client->Abort();
  const size_t most = RunUntil([&] { return acceptor_.done == kPeers; }, [&] { return acceptor_.done; });
  EXPECT_LE(most, kClosesInAnIteration);
}

TEST_F(NativeServerTest, TheDescriptorOfAPeerThatGoesIsFreeWithItsCalls) {
  constexpr size_t kPeers = 100;
  Listen();
  Open(kPeers);
  for (auto& client : clients_) client->Abort();
  const size_t before = OpenDescriptors();
  const size_t most = RunUntil([&] { return acceptor_.done == kPeers; }, [&] { return before - OpenDescriptors(); });
  EXPECT_LE(most, kClosesInAnIteration);
  EXPECT_EQ(OpenDescriptors(), before - kPeers);
}

TEST_F(NativeServerTest, PeersThatAreFoundOutTogetherAreLetGoAFewInAnIteration) {
  constexpr size_t kPeers = 200;
  Listen();
  // Without a preface: all of them have had their time in one timers phase.
  for (size_t i = 0; i < kPeers; ++i) clients_.push_back(std::make_unique<RawConnection>(address_));
  for (int i = 0; i < 100; ++i) RunOnce();
  const size_t before = OpenDescriptors();
  const auto closed = [&] { return before - OpenDescriptors(); };
  clock_.Advance(std::chrono::seconds(20));
  EXPECT_LE(RunUntil([&] { return closed() == kPeers; }, closed), kClosesInAnIteration);
}

TEST_F(NativeServerTest, AnswersOnManyConnectionsLeaveAFewInAnIteration) {
  constexpr size_t kPeers = 300;
  Listen();
  Open(kPeers);
  for (const auto& sink : acceptor_.calls) sink->Finish();
  const auto answered = [&] {
    size_t count = 0;
    for (auto& client : clients_) count += client->Await(1, RawConnection::Seconds(0)).ended ? 1 : 0;
    return count;
  };
  // The ends of calls follow their bytes.
  const size_t most = RunUntil([&] { return acceptor_.done == kPeers; }, [&] { return acceptor_.done; });
  EXPECT_LE(most, kFlushesInAnIteration);
  for (auto& client : clients_) client->ReadReady();
  EXPECT_EQ(answered(), kPeers);
}

// It reads nothing, so that not even a reset can be said.
TEST_F(NativeServerTest, APeerThatTakesNothingDoesNotKeepTheServerFromEnding) {
  Listen();
  Open(1);
  acceptor_.calls.front()->call.Write(Payload::Copy(std::string(32 << 20, 'x')));
  for (int i = 0; i < 100; ++i) RunOnce();
  bool drained = false;
  server_->Drain(std::chrono::seconds(1), [&] { drained = true; });
  for (int i = 0; i < 100; ++i) RunOnce();
  clock_.Advance(std::chrono::seconds(1));
  for (int i = 0; i < 100; ++i) RunOnce();
  EXPECT_EQ(acceptor_.done, 0u) << "it has a moment";
  clock_.Advance(std::chrono::milliseconds(500));
  RunUntil([&] { return drained; });
  EXPECT_EQ(acceptor_.done, 1u);
  server_ = nullptr;
}

// What they need is still in the cache when the next ones get it.
TEST_F(NativeServerTest, CallsThatComeInOnePhaseAreAnsweredBeforeAllOfThemHaveBegun) {
  constexpr size_t kPeers = 10, kCalls = 200;
  size_t running = 0, most = 0;
  struct Answers final : CallAcceptor {
    struct Sink final : CallSink {
      explicit Sink(size_t& running) : running(running) {}
      void OnMessage(Payload) override {}
      void OnHalfClose() override {}
      void OnWritable() override {}
      void OnDone(const Status&) override {
        --running;
        delete this;
      }
      size_t& running;
    };
    Answers(size_t& running, size_t& most) : running(running), most(most) {}
    CallSink* OnCall(Call& call) override {
      most = std::max(most, ++running);
      call.Finish(OkStatus(), Metadata());
      return new Sink(running);
    }
    size_t& running;
    size_t& most;
  } answers(running, most);
  server_ = NewNativeServer(loop_, ServerOptions());
  address_ = server_->Listen({"127.0.0.1:0"}, answers)->front();
  for (size_t i = 0; i < kPeers; ++i) {
    clients_.push_back(std::make_unique<RawConnection>(address_));
    clients_.back()->Start();
  }
  for (int i = 0; i < 100; ++i) RunOnce();
  std::vector<uint32_t> last(kPeers);
  for (size_t i = 0; i < kPeers; ++i) {
    std::string calls;
    for (size_t k = 0; k < kCalls; ++k) {
      last[i] = clients_[i]->NextStream();
      calls += faults::HeadersFrames(last[i], faults::Block(faults::CallFields("/a.B/C")), faults::kEndStream);
    }
    clients_[i]->Send(calls);
  }
  RunUntil([&] { return server_->stats().calls_done == kPeers * kCalls; });
  EXPECT_LE(most, 128u);
  for (size_t i = 0; i < kPeers; ++i) EXPECT_EQ(clients_[i]->Await(last[i], RawConnection::Seconds(10)).status(), 0);
}

TEST_F(NativeServerWithoutBudgetTest, WhatWasPutOffIsReadAndToldInOneIteration) {
  constexpr size_t kPeers = 8;
  Listen();
  Open(kPeers);
  // Two reads with a call each; the second is put off. What it brings is not put off once more, and the loop is through.
  for (size_t i = 0; i < 2; ++i) clients_[i]->Send(faults::CallFrames(clients_[i]->NextStream(), "/a.B/C"));
  const uint64_t before = loop_.stats().deferred;
  RunOnce();
  EXPECT_EQ(acceptor_.calls.size(), kPeers + 1);
  RunOnce();
  EXPECT_EQ(acceptor_.calls.size(), kPeers + 2);
  EXPECT_EQ(loop_.stats().deferred, before + 1);
  EXPECT_EQ(loop_.queued_pending(), 0u);
}

}  // namespace
}  // namespace rota
