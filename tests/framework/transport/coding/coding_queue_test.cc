#include "framework/transport/coding/coding_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"

namespace rota::coding {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CodingQueueTest : public testing::Test {
 protected:
  // A call that writes down when it is worked on, and has messages of so many steps each.
  class Toy {
   public:
    Toy(CodingQueueTest& test, std::string name, std::vector<int> messages, CodingQueue::Peer& peer)
        : test_(test), name_(std::move(name)), messages_(std::move(messages)), peer_(peer) {
      QueueNext();
    }

   private:
    struct Message final : CodingQueue::Entry {
      explicit Message(Toy& toy) : toy(toy) {}
      bool CodeSome(size_t work) override { return toy.CodeSome(work); }
      Toy& toy;
    };

    void QueueNext() { test_.queue_.Add(message_.emplace(*this), peer_); }
    bool CodeSome(size_t work) {
      EXPECT_GT(work, 0u);
      test_.log_.push_back(name_);
      test_.clock_.Advance(test_.step_takes_);
      if (--messages_.front() > 0) return false;
      messages_.erase(messages_.begin());
      if (messages_.empty()) {
        test_.End(*this);
      } else {
        QueueNext();
      }
      return true;
    }

    CodingQueueTest& test_;
    const std::string name_;
    std::vector<int> messages_;
    CodingQueue::Peer& peer_;
    std::optional<Message> message_;
  };

  Toy& Add(const std::string& name, std::vector<int> messages, CodingQueue::Peer& peer) {
    return *toys_.emplace_back(std::make_unique<Toy>(*this, name, std::move(messages), peer));
  }
  void End(Toy& toy) {
    std::erase_if(toys_, [&](const std::unique_ptr<Toy>& each) { return each.get() == &toy; });
  }
  std::vector<std::string> RunAll() {
    while (!queue_.empty()) queue_.Step();
    EXPECT_THAT(toys_, IsEmpty());
    return std::exchange(log_, {});
  }
  // In one iteration, how many steps.
  size_t Run() {
    loop_.RunOnce();
    return std::exchange(log_, {}).size();
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  std::vector<std::string> log_;
  Duration step_takes_ = Duration::zero();
  CodingQueue queue_{loop_};
  CodingQueue::Peer one_, other_;
  std::vector<std::unique_ptr<Toy>> toys_;
};

TEST_F(CodingQueueTest, WorksOnAMessageUntilItIsDone) {
  EXPECT_TRUE(queue_.empty());
  Add("a", {2}, one_);
  Add("b", {1}, other_);
  EXPECT_FALSE(queue_.Step());
  EXPECT_TRUE(queue_.Step());
  EXPECT_TRUE(queue_.Step());
  EXPECT_THAT(RunAll(), ElementsAre("a", "a", "b"));
}

TEST_F(CodingQueueTest, PeersTakeTurnsAndEachKeepsItsOrder) {
  for (const char* name : {"a1", "a2", "a3"}) Add(name, {1}, one_);
  for (const char* name : {"b1", "b2"}) Add(name, {2}, other_);
  EXPECT_THAT(RunAll(), ElementsAre("a1", "b1", "b1", "a2", "b2", "b2", "a3"));
}

TEST_F(CodingQueueTest, ACallWithSeveralMessagesHasATurnForEach) {
  Add("a1", {1, 2, 1}, one_);
  Add("a2", {1}, one_);
  Add("b", {1, 1}, other_);
  EXPECT_THAT(RunAll(), ElementsAre("a1", "b", "a2", "b", "a1", "a1", "a1"));
}

TEST_F(CodingQueueTest, WhatComesMeanwhileHasItsTurn) {
  for (const char* name : {"a1", "a2"}) Add(name, {2}, one_);
  queue_.Step();
  Add("b", {1}, other_);
  Add("a3", {1}, one_);
  EXPECT_THAT(RunAll(), ElementsAre("a1", "a1", "b", "a2", "a2", "a3"));
  Add("a4", {1}, one_);
  EXPECT_THAT(RunAll(), ElementsAre("a4"));
}

TEST_F(CodingQueueTest, WhatEndsLeavesWithItsPlace) {
  Toy& first = Add("a1", {2}, one_);
  Add("a2", {1}, one_);
  Toy& only = Add("b", {1}, other_);
  queue_.Step();
  End(first);
  End(only);
  EXPECT_THAT(RunAll(), ElementsAre("a1", "a2"));
  End(Add("a3", {1}, one_));
  EXPECT_TRUE(queue_.empty());
}

TEST_F(CodingQueueTest, APeerThatTakesItsMessagesBackInTheMidstDoesNotKeepItsPlace) {
  Toy* first = &Add("a1", {2}, one_);
  for (const char* name : {"a2", "a3"}) Add(name, {2}, one_);
  Add("b", {1}, other_);
  queue_.Step();
  End(*first);
  EXPECT_THAT(RunAll(), ElementsAre("a1", "b", "a2", "a2", "a3", "a3"));
}

TEST_F(CodingQueueTest, APeerThatComesBackHasHadNoTurnYet) {
  Toy& only = Add("a1", {2}, one_);
  Add("b1", {1}, other_);
  queue_.Step();
  End(only);
  Add("a2", {1}, one_);
  Add("b2", {1}, other_);
  EXPECT_THAT(RunAll(), ElementsAre("a1", "b1", "a2", "b2"));
}

TEST_F(CodingQueueTest, ARunGoesOnForFiftyMicroseconds) {
  Add("a", {1000}, one_);
  step_takes_ = microseconds(10);
  EXPECT_EQ(Run(), 5u);
  EXPECT_EQ(Run(), 5u);
  step_takes_ = milliseconds(3);
  EXPECT_EQ(Run(), 1u) << "a step at least";
}

TEST_F(CodingQueueTest, ARunHasAQuarterOfTheTimeSinceTheLastOne) {
  clock_.Advance(milliseconds(1000));
  Add("a", {1000}, one_);
  step_takes_ = microseconds(10);
  EXPECT_EQ(Run(), 5u) << "there was nothing before";
  clock_.Advance(milliseconds(4));
  EXPECT_EQ(Run(), 100u);
  EXPECT_EQ(Run(), 5u);
  clock_.Advance(milliseconds(1000));
  EXPECT_EQ(Run(), 500u) << "a loop that was blocked";
  toys_.clear();
  EXPECT_EQ(Run(), 0u);
  clock_.Advance(milliseconds(1000));
  Add("b", {100}, one_);
  EXPECT_EQ(Run(), 5u);
}

TEST_F(CodingQueueTest, LittleWorkIsDoneAtOnceUntilItHasBecomeMuch) {
  EXPECT_TRUE(queue_.Take(CodingQueue::kAtOnce / 2));
  EXPECT_FALSE(queue_.Take(CodingQueue::kAtOnce / 2 + 1));
  EXPECT_TRUE(queue_.Take(CodingQueue::kAtOnce / 2));
  EXPECT_FALSE(queue_.Take(1));
  EXPECT_TRUE(queue_.Take(0));
  loop_.RunOnce();
  EXPECT_TRUE(queue_.Take(CodingQueue::kAtOnce));
}

}  // namespace
}  // namespace rota::coding
