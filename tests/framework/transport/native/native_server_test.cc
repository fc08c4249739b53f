// How much of what peers do one iteration takes on.

#include "framework/transport/native/native_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "framework/loop/event_loop.h"
#include "framework/rpc/transport.h"
#include "framework/testing/manual_clock.h"
#include "tests/faults/raw_connection.h"

namespace rota {
namespace {

using faults::RawConnection;

// Leaves each call open until the test says so.
class Waiting final : public CallAcceptor {
 public:
  CallSink* OnCall(Call& call) override {
    calls.push_back(std::make_unique<Sink>(*this, call));
    return calls.back().get();
  }

  struct Sink final : CallSink {
    Sink(Waiting& all, Call& call) : all(all), call(call) {}
    void OnMessage(Payload) override {}
    void OnHalfClose() override {}
    void OnWritable() override {}
    void OnDone(const Status&) override { ++all.done; }
    Waiting& all;
    Call& call;
  };
  std::vector<std::unique_ptr<Sink>> calls;
  size_t done = 0;
};

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

TEST_F(NativeServerTest, PeersThatGoAllAtOnceAreLetGoAFewInAnIteration) {
  constexpr size_t kPeers = 200;
  Listen();
  Open(kPeers);
  for (auto& client : clients_) client->Abort();
  const size_t most = RunUntil([&] { return acceptor_.done == kPeers; }, [&] { return acceptor_.done; });
  EXPECT_LE(most, 32u);
}

TEST_F(NativeServerTest, PeersThatAreFoundOutTogetherAreLetGoAFewInAnIteration) {
  constexpr size_t kPeers = 200;
  Listen();
  // Without a preface: all of them have had their time in one timers phase.
  for (size_t i = 0; i < kPeers; ++i) clients_.push_back(std::make_unique<RawConnection>(address_));
  for (int i = 0; i < 100; ++i) RunOnce();
  for (auto& client : clients_) client->ReadReady();
  clock_.Advance(std::chrono::seconds(20));
  const auto closed = [&] {
    size_t count = 0;
    for (auto& client : clients_) count += (client->ReadReady(), client->closed()) ? 1 : 0;
    return count;
  };
  EXPECT_EQ(closed(), 0u);
  EXPECT_LE(RunUntil([&] { return closed() == kPeers; }, closed), 32u);
}

TEST_F(NativeServerTest, AnswersOnManyConnectionsLeaveAFewInAnIteration) {
  constexpr size_t kPeers = 300;
  Listen();
  Open(kPeers);
  for (const auto& sink : acceptor_.calls) sink->call.Finish(OkStatus(), Metadata());
  const auto answered = [&] {
    size_t count = 0;
    for (auto& client : clients_) count += client->Await(1, RawConnection::Seconds(0)).ended ? 1 : 0;
    return count;
  };
  // The ends of calls follow their bytes.
  const size_t most = RunUntil([&] { return acceptor_.done == kPeers; }, [&] { return acceptor_.done; });
  EXPECT_LE(most, 128u);
  for (auto& client : clients_) client->ReadReady();
  EXPECT_EQ(answered(), kPeers);
}

class NativeServerWithoutBudgetTest : public NativeServerTest {
 protected:
  NativeServerWithoutBudgetTest() : NativeServerTest({.poll_budget_callbacks = 1}) {}
};

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
