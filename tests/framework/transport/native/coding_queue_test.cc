#include "framework/transport/native/coding_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace rota::native {
namespace {

using ::testing::ElementsAre;

// Writes down when it is worked on, and is done after `steps` steps.
class Toy final : public RefCounted {
 public:
  Toy(std::string name, int steps, std::vector<std::string>& log) : name_(std::move(name)), steps_(steps), log_(log) {}
  bool CodeSome() {
    log_.push_back(name_);
    return --steps_ == 0;
  }

 private:
  const std::string name_;
  int steps_;
  std::vector<std::string>& log_;
};

class CodingQueueTest : public testing::Test {
 protected:
  void Add(const std::string& name, int steps, const int& connection) { queue_.Add(MakeRef<Toy>(name, steps, log_), &connection); }
  std::vector<std::string> RunAll() {
    while (!queue_.empty()) queue_.Step();
    return std::exchange(log_, {});
  }

  std::vector<std::string> log_;
  CodingQueue<Toy> queue_;
  int one_ = 0, other_ = 0;
};

TEST_F(CodingQueueTest, WorksOnOneUntilItIsDone) {
  EXPECT_TRUE(queue_.empty());
  Add("a", 2, one_);
  Add("b", 1, other_);
  EXPECT_THAT(RunAll(), ElementsAre("a", "a", "b"));
}

TEST_F(CodingQueueTest, ConnectionsTakeTurnsAndEachKeepsItsOrder) {
  for (const char* name : {"a1", "a2", "a3"}) Add(name, 1, one_);
  for (const char* name : {"b1", "b2"}) Add(name, 2, other_);
  EXPECT_THAT(RunAll(), ElementsAre("a1", "b1", "b1", "a2", "b2", "b2", "a3"));
}

TEST_F(CodingQueueTest, WhatComesMeanwhileHasItsTurn) {
  for (const char* name : {"a1", "a2"}) Add(name, 2, one_);
  queue_.Step();
  Add("b", 1, other_);
  Add("a3", 1, one_);
  EXPECT_THAT(RunAll(), ElementsAre("a1", "a1", "a2", "a2", "b", "a3"));
  Add("a4", 1, one_);
  EXPECT_THAT(RunAll(), ElementsAre("a4"));
}

}  // namespace
}  // namespace rota::native
