#include "framework/transport/native/admission_queue.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"

namespace rota::native {
namespace {

class AdmissionQueueTest : public testing::Test {
 protected:
  class Peer final : public AdmissionQueue::Entry {
   public:
    explicit Peer(std::function<void(Peer&)> on_turn) : on_turn_(std::move(on_turn)) {}
    void OnTurn() override { on_turn_(*this); }

   private:
    const std::function<void(Peer&)> on_turn_;
  };

  // One that writes down its number, and waits.
  Peer& Add(std::function<void(Peer&)> more = [](Peer&) {}) {
    peers_.push_back(std::make_unique<Peer>([this, number = peers_.size(), more](Peer& self) {
      had_turns_.push_back(number);
      more(self);
    }));
    queue_.Add(*peers_.back());
    return *peers_.back();
  }
  // The turns of one iteration.
  std::vector<size_t> RunOnce() {
    had_turns_.clear();
    loop_.RunOnce();
    return had_turns_;
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  AdmissionQueue queue_{loop_};
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<size_t> had_turns_;
};

TEST_F(AdmissionQueueTest, ThoseThatWaitHaveTheirTurnsInOrderAFewInAnIteration) {
  for (size_t i = 0; i < AdmissionQueue::kTurns + 2; ++i) Add();
  EXPECT_TRUE(had_turns_.empty()) << "not at once";
  EXPECT_EQ(RunOnce(), (std::vector<size_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(RunOnce(), (std::vector<size_t>{8, 9}));
  EXPECT_FALSE(loop_.RunOnce()) << "nothing keeps the loop alive any more";
}

TEST_F(AdmissionQueueTest, NoTurnIsBegunOnceTheTimeIsOver) {
  for (int i = 0; i < 4; ++i) Add([this](Peer&) { clock_.Advance(std::chrono::microseconds(30)); });
  EXPECT_EQ(RunOnce(), (std::vector<size_t>{0, 1}));
  EXPECT_EQ(RunOnce(), (std::vector<size_t>{2, 3}));
}

TEST_F(AdmissionQueueTest, WhoAddsItselfAgainGoesBehindTheOthers) {
  bool again = true;
  Add([&](Peer& self) {
    if (std::exchange(again, false)) queue_.Add(self);
  });
  Add();
  EXPECT_EQ(RunOnce(), (std::vector<size_t>{0, 1, 0}));
  EXPECT_FALSE(loop_.alive()) << "there is nothing left to do";
}

TEST_F(AdmissionQueueTest, WhoWaitsAlreadyHasOneTurn) {
  Peer& peer = Add();
  queue_.Add(peer);
  EXPECT_EQ(RunOnce(), (std::vector<size_t>{0}));
}

TEST_F(AdmissionQueueTest, WhoIsTakenOutOrEndsHasNoTurn) {
  Peer& taken_out = Add();
  Add();
  Add();
  AdmissionQueue::Remove(taken_out);
  peers_.pop_back();
  EXPECT_EQ(RunOnce(), (std::vector<size_t>{1}));
}

TEST_F(AdmissionQueueTest, TicksRunBetweenTurns) {
  std::string order;
  for (int i = 0; i < 2; ++i) {
    Add([&](Peer&) {
      order += "turn ";
      loop_.NextTick([&] { order += "tick "; });
    });
  }
  RunOnce();
  EXPECT_EQ(order, "turn tick turn tick ");
}

TEST_F(AdmissionQueueTest, AnExceptionKeepsNobodyElseWaiting) {
  std::string caught;
  loop_.SetUncaughtHandler([&](const std::exception_ptr& exception) {
    try {
      std::rethrow_exception(exception);
    } catch (const std::exception& error) {
      caught = error.what();
    }
  });
  Add([](Peer&) { throw std::runtime_error("of the first"); });
  Add();
  loop_.Run();
  EXPECT_EQ(caught, "of the first");
  EXPECT_EQ(had_turns_, (std::vector<size_t>{0, 1}));
}

TEST_F(AdmissionQueueTest, WhatIsLeftWhenItEndsIsForgotten) {
  auto queue = std::make_unique<AdmissionQueue>(loop_);
  Peer peer([this](Peer&) { had_turns_.push_back(0); });
  queue->Add(peer);
  queue.reset();
  loop_.Run();
  EXPECT_TRUE(had_turns_.empty());
}

}  // namespace
}  // namespace rota::native
