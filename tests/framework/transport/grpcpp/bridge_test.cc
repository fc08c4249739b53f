#include "framework/transport/grpcpp/bridge.h"

#include <grpcpp/alarm.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "framework/base/log.h"
#include "framework/base/steady_clock.h"
#include "framework/loop/event_loop.h"
#include "framework/transport/grpcpp/queues.h"

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

}  // namespace
}  // namespace rota::grpcpp
