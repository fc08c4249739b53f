#include "framework/transport/grpcpp/completions.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rota::grpcpp {
namespace {

class CompletionsTest : public testing::Test {
 protected:
  // Writes down its name when its turn has come, with a "!" where it was no success.
  class Operation final : public Tag {
   public:
    Operation(CompletionsTest& test, Completions::Peer* peer, std::string name) : test_(test), peer_(peer), name_(std::move(name)) {}
    Completions::Peer* Arrive(bool) override { return peer_; }
    void Complete(bool ok) override {
      test_.order_ += name_ + (ok ? " " : "! ");
      // Of a call that is over by it, nothing is left.
      std::erase_if(test_.operations_, [this](const auto& operation) { return operation.get() == this; });
    }

   private:
    CompletionsTest& test_;
    Completions::Peer* const peer_;
    const std::string name_;
  };

  Operation& New(Completions::Peer* peer, std::string name) {
    operations_.push_back(std::make_unique<Operation>(*this, peer, std::move(name)));
    return *operations_.back();
  }
  void Add(Completions::Peer* peer, std::string name, bool ok = true) { completions_.Add(New(peer, std::move(name)), ok); }
  std::string CompleteAll() {
    while (!completions_.empty()) completions_.CompleteNext();
    return std::exchange(order_, "");
  }

  Completions completions_;
  Completions::Peer many_, few_;
  std::vector<std::unique_ptr<Operation>> operations_;
  std::string order_;
};

TEST_F(CompletionsTest, PeersTakeTurnsAndEachKeepsItsOrder) {
  std::string turn;
  for (size_t i = 1; i <= Completions::kOfTurn; ++i) {
    const std::string name = "many" + std::to_string(i);
    Add(&many_, name);
    turn += name + " ";
  }
  Add(&many_, "more1");
  Add(&many_, "more2");
  Add(&few_, "few1");
  Add(nullptr, "nobody");
  Add(&few_, "few2");
  EXPECT_EQ(completions_.size(), Completions::kOfTurn + 5);
  EXPECT_EQ(CompleteAll(), turn + "few1 few2 nobody more1 more2 ");
  EXPECT_EQ(completions_.size(), 0u);
}

TEST_F(CompletionsTest, WhoComesLateDoesNotWaitForAllOfAnother) {
  for (int i = 1; i <= 100; ++i) Add(&many_, "m");
  for (int i = 1; i <= 3; ++i) completions_.CompleteNext();
  Add(&few_, "few");
  for (size_t i = 0; i < Completions::kOfTurn; ++i) {
    order_.clear();
    completions_.CompleteNext();
    if (order_ == "few ") break;
  }
  EXPECT_EQ(order_, "few ");
}

TEST_F(CompletionsTest, WhoHasSomethingAgainBeginsANewTurn) {
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 1; i < Completions::kOfTurn; ++i) Add(&many_, "m");
    Add(&few_, "f");
    while (!completions_.empty()) completions_.CompleteNext();
    EXPECT_EQ(std::exchange(order_, ""), [] {
      std::string all;
      for (size_t i = 1; i < Completions::kOfTurn; ++i) all += "m ";
      return all + "f ";
    }());
  }
}

TEST_F(CompletionsTest, ItTellsWhatWasNoSuccess) {
  Add(&few_, "good");
  Add(&few_, "bad", false);
  EXPECT_EQ(CompleteAll(), "good bad! ");
}

TEST_F(CompletionsTest, APeerThatHasNothingLeftMayEnd) {
  auto peer = std::make_unique<Completions::Peer>();
  Add(peer.get(), "last");
  Add(&few_, "few");
  completions_.CompleteNext();
  peer.reset();
  EXPECT_EQ(CompleteAll(), "last few ");
}

}  // namespace
}  // namespace rota::grpcpp
