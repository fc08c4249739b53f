#include "framework/actor/turn.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "framework/context/request_context.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"

namespace rota {
namespace {

// A turn that says when it is destroyed.
class NamedTurn final : public Turn {
 public:
  NamedTurn(Ref<RequestContext> context, std::string name, std::vector<std::string>& destroyed)
      : Turn(std::move(context)), name(std::move(name)), destroyed_(destroyed) {}
  ~NamedTurn() override { destroyed_.push_back(name); }
  Task<void> Run(Actor&, RequestContext&) override { return OkStatus(); }
  void Done(const Status&) override {}

  const std::string name;

 private:
  std::vector<std::string>& destroyed_;
};

class TurnQueueTest : public testing::Test {
 protected:
  Turn& Push(const std::string& name) { return queue_->Push(std::make_unique<NamedTurn>(context_, name, destroyed_)); }
  static std::string NameOf(const Turn& turn) { return static_cast<const NamedTurn&>(turn).name; }
  std::string Names() {
    std::string names;
    queue_->ForEach([&](Turn& turn) { names += NameOf(turn); });
    return names;
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  Ref<RequestContext> context_ = MakeRef<RequestContext>(loop_, RequestContext::Start{});
  std::vector<std::string> destroyed_;
  std::unique_ptr<TurnQueue> queue_ = std::make_unique<TurnQueue>();
};

TEST_F(TurnQueueTest, TurnsComeOutInTheOrderInWhichTheyCameIn) {
  EXPECT_TRUE(queue_->empty());
  for (const char* const name : {"a", "b", "c"}) Push(name);
  EXPECT_EQ(queue_->size(), 3u);
  EXPECT_EQ(Names(), "abc");
  for (const char* const name : {"a", "b", "c"}) EXPECT_EQ(NameOf(*queue_->Pop()), name);
  EXPECT_TRUE(queue_->empty());
  EXPECT_EQ(queue_->size(), 0u);
}

TEST_F(TurnQueueTest, AnyTurnCanBeTakenOutAndTheOthersStayInOrder) {
  Turn& first = Push("a");
  Push("b");
  Turn& middle = Push("c");
  Push("d");
  Turn& last = Push("e");
  EXPECT_EQ(NameOf(*queue_->Remove(middle)), "c");
  EXPECT_EQ(Names(), "abde");
  queue_->Remove(last);
  queue_->Remove(first);
  EXPECT_EQ(Names(), "bd");
  Push("f");
  EXPECT_EQ(Names(), "bdf");
}

TEST_F(TurnQueueTest, ATurnThatWasTakenOutCanWaitAgain) {
  Push("a");
  Push("b");
  queue_->Push(queue_->Pop());
  EXPECT_EQ(Names(), "ba");
  EXPECT_TRUE(destroyed_.empty());
}

TEST_F(TurnQueueTest, TurnsThatAreLeftGoWithTheQueueInOrder) {
  Push("a");
  Push("b");
  queue_->Pop();
  EXPECT_EQ(destroyed_, (std::vector<std::string>{"a"}));
  Push("c");
  queue_.reset();
  EXPECT_EQ(destroyed_, (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(TurnQueueTest, ATurnKeepsItsContext) {
  Push("a");
  const RequestContext* const context = context_.get();
  context_ = nullptr;
  const std::unique_ptr<Turn> turn = queue_->Pop();
  EXPECT_EQ(&turn->context(), context);
  EXPECT_FALSE(turn->context().cancelled());
}

}  // namespace
}  // namespace rota
