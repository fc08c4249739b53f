#include "framework/transport/grpcpp/bridge.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/alarm.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "framework/base/cores.h"
#include "framework/base/log.h"
#include "framework/base/steady_clock.h"
#include "framework/loop/event_loop.h"
#include "framework/transport/grpcpp/queues.h"
#include "tests/faults/frames.h"
#include "tests/faults/raw_connection.h"

namespace rota::grpcpp {
namespace {

// Operations of gRPC that need no server: alarms, which complete when they are due, or at once and without success when they
// are cancelled.
class BridgeTest : public testing::Test {
 protected:
  BridgeTest() {
    SetLogLevel(LogLevel::kOff);
    bridge_->Start();
  }
  ~BridgeTest() override {
    if (!stopped_) Stop();
    SetLogLevel(LogLevel::kInfo);
  }

  class Operation final : public Tag {
   public:
    explicit Operation(BridgeTest& test) : test_(test) {}
    Completions::Peer* Arrive(bool) override { return nullptr; }
    void Complete(bool ok) override {
      EXPECT_EQ(std::this_thread::get_id(), test_.loop_thread_);
      EXPECT_FALSE(done) << "completed twice";
      done = true;
      good = ok;
      if (++test_.completed_ == test_.awaited_) test_.limit_.Clear();
      if (test_.throws_) throw std::runtime_error("a sink has thrown");
    }
    bool done = false;
    bool good = false;

   private:
    BridgeTest& test_;
  };

  std::vector<std::unique_ptr<Operation>> Begin(int count) {
    std::vector<std::unique_ptr<Operation>> operations;
    for (int i = 0; i < count; ++i) {
      operations.push_back(std::make_unique<Operation>(*this));
      alarms_.push_back(std::make_unique<grpc::Alarm>());
      alarms_.back()->Set(&bridge_->queue(), std::chrono::system_clock::now() + due_in_, operations.back()->pointer());
    }
    return operations;
  }
  // Runs the loop until so many are complete.
  void RunUntil(int completed) {
    awaited_ = completed;
    if (completed_ >= awaited_) return;
    limit_ = loop_.SetTimeout(std::chrono::seconds(60), [] { FAIL() << "they do not complete"; });
    loop_.Run();
  }
  void Stop() {
    stopped_ = true;
    bridge_->Stop();
  }

  const std::thread::id loop_thread_ = std::this_thread::get_id();
  SteadyClock clock_;
  EventLoop loop_{clock_};
  uint64_t batches_ = 0;
  grpc::ServerBuilder builder_;
  std::shared_ptr<Bridge> bridge_ = std::make_shared<Bridge>(loop_, AddQueues(builder_), batches_);
  std::vector<std::unique_ptr<grpc::Alarm>> alarms_;
  std::chrono::seconds due_in_{0};
  Timer limit_;
  int completed_ = 0;
  int awaited_ = -1;
  bool throws_ = false;
  bool stopped_ = false;
};

TEST_F(BridgeTest, WhatIsCompleteRunsOnTheLoopAndNotBeforeItsTurn) {
  const auto operations = Begin(100);
  EXPECT_EQ(completed_, 0);
  RunUntil(100);
  for (const auto& operation : operations) EXPECT_TRUE(operation->done && operation->good);
  EXPECT_GE(batches_, 1u);
  EXPECT_LE(batches_, 100u);
}

TEST_F(BridgeTest, WhatIsCompleteAtOnceNeedsNoThreadAndWaitsForItsTurn) {
  Stop();
  // One without threads.
  bridge_ = std::make_shared<Bridge>(loop_, AddQueues(builder_), batches_);
  stopped_ = false;
  Operation operation(*this);
  grpc::Alarm alarm;
  bridge_->BeginOperation([&] { alarm.Set(&bridge_->queue(), std::chrono::system_clock::now() - std::chrono::seconds(1), operation.pointer()); });
  EXPECT_FALSE(operation.done);
  RunUntil(1);
  EXPECT_TRUE(operation.done && operation.good);
}

TEST_F(BridgeTest, ItTellsWhatWasNoSuccess) {
  due_in_ = std::chrono::hours(1);
  const auto operations = Begin(2);
  for (const auto& alarm : alarms_) alarm->Cancel();
  RunUntil(2);
  for (const auto& operation : operations) EXPECT_TRUE(operation->done && !operation->good);
}

TEST_F(BridgeTest, StopCompletesAllThatTheQueueHolds) {
  const auto operations = Begin(50);
  Stop();
  for (const auto& operation : operations) EXPECT_TRUE(operation->done);
  // What the thread had posted by then finds nothing more, also when the owner has let go.
  bridge_.reset();
  loop_.Run();
  EXPECT_EQ(completed_, 50);
}

TEST_F(BridgeTest, ADestructorMayWaitWithoutTheLoop) {
  const auto operations = Begin(10);
  bridge_->CompleteUntil([&] { return completed_ == 10; });
  for (const auto& operation : operations) EXPECT_TRUE(operation->done);
}

TEST_F(BridgeTest, NoExceptionPassesADestructorThatWaits) {
  throws_ = true;
  const auto first = Begin(3);
  bridge_->CompleteUntil([&] { return completed_ == 3; });
  const auto second = Begin(3);
  Stop();
  EXPECT_EQ(completed_, 6);
}

// Holds up whoever reads the header fields of a call that asks for it.
class Holder final : public grpc::AuthMetadataProcessor {
 public:
  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& fields, grpc::AuthContext*, OutputMetadata*, OutputMetadata*) override {
    std::unique_lock lock(mutex_);
    if (fields.count("x-hold") == 0 || released_) return grpc::Status::OK;
    ++held_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return released_; });
    return grpc::Status::OK;
  }
  bool WaitUntilHeld(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return held_ >= count; });
  }
  void Release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int held_ = 0;
  bool released_ = false;
};

// What a server gives to gRPC is looked at in the thread that reads it.
TEST(BridgeReadersTest, WhileTwoPeersHoldUpWhoReadsAThirdOneIsRead) {
  if (UsableCores() < 2) GTEST_SKIP() << "on a single core one thread does it all";
  SteadyClock clock;
  EventLoop loop(clock);
  uint64_t batches = 0;
  int port = 0;
  const auto holder = std::make_shared<Holder>();
  const auto credentials = grpc::experimental::LocalServerCredentials(LOCAL_TCP);
  credentials->SetAuthMetadataProcessor(holder);
  grpc::AsyncGenericService service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", credentials, &port);
  builder.RegisterAsyncGenericService(&service);
  Queues queues = AddQueues(builder);
  const auto server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);
  const auto bridge = std::make_shared<Bridge>(loop, std::move(queues), batches);
  bridge->Start();
  {
    const std::string address = "127.0.0.1:" + std::to_string(port);
    faults::RawConnection first(address), second(address), third(address);
    // All three are known to gRPC by then: what is seen is who reads, and not who accepts.
    for (faults::RawConnection* peer : {&first, &second, &third}) {
      peer->Start();
      EXPECT_TRUE(peer->AwaitSettingsAcks(1));
    }
    int held = 0;
    for (faults::RawConnection* peer : {&first, &second}) {
      EXPECT_TRUE(peer->Send(faults::CallFrames(1, "/a.B/C", {{"x-hold", "yes"}})));
      EXPECT_TRUE(holder->WaitUntilHeld(++held));
    }
    EXPECT_TRUE(third.Send(faults::SettingsFrame()));
    EXPECT_TRUE(third.AwaitSettingsAcks(2));
    holder->Release();
  }
  server->Shutdown(std::chrono::system_clock::now());
  bridge->Stop();
}

}  // namespace
}  // namespace rota::grpcpp
