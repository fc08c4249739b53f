#include "framework/actor/bounded_queue.h"

#include <memory>
#include <vector>

#include "framework/actor/task.h"
#include "framework/actor/task_run.h"
#include "framework/context/request_context.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

class BoundedQueueTest : public testing::Test {
 protected:
  // Takes values until it fails.
  Task<void> Consume() {
    while (true) taken_.push_back(co_await queue_.Pop());
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  BoundedQueue<int> queue_{loop_, 2};
  std::vector<int> taken_;
};

TEST_F(BoundedQueueTest, RefusesWhatIsBeyondItsCapacityAndKeepsTheRest) {
  EXPECT_TRUE(queue_.Push(1));
  EXPECT_TRUE(queue_.Push(2));
  EXPECT_FALSE(queue_.Push(3));
  TaskRun<void> consumer;
  consumer.Start(Consume(), [](Status, std::exception_ptr) {});
  EXPECT_EQ(taken_, (std::vector<int>{1, 2}));
  EXPECT_TRUE(queue_.Push(4));
  loop_.Run();
  EXPECT_EQ(taken_, (std::vector<int>{1, 2, 4}));
}

TEST_F(BoundedQueueTest, TheConsumerWaitsAndGoesOnInAMicrotask) {
  TaskRun<void> consumer;
  consumer.Start(Consume(), [](Status, std::exception_ptr) {});
  loop_.SetImmediate([this] {
    EXPECT_TRUE(queue_.Push(1));
    EXPECT_TRUE(queue_.Push(2));
    EXPECT_TRUE(taken_.empty()) << "Push() ran the consumer";
  });
  loop_.Run();
  EXPECT_EQ(taken_, (std::vector<int>{1, 2}));
}

TEST_F(BoundedQueueTest, ACancelledWaitFailsAndForgetsTheConsumer) {
  const Ref<RequestContext> context = MakeRef<RequestContext>(loop_, RequestContext::Start{});
  Status ended;
  TaskRun<void> consumer;
  {
    const ContextScope scope(context.get());
    consumer.Start(Consume(), [&](Status status, std::exception_ptr) { ended = std::move(status); });
  }
  context->Cancel(CancelledError("the caller left"));
  loop_.Run();
  EXPECT_EQ(ended, CancelledError("the caller left"));
  EXPECT_TRUE(queue_.Push(1));
  loop_.Run();
  EXPECT_TRUE(taken_.empty());
}

TEST_F(BoundedQueueTest, AConsumerThatIsDestroyedWhileItWaitsIsForgotten) {
  auto consumer = std::make_unique<TaskRun<void>>();
  consumer->Start(Consume(), [](Status, std::exception_ptr) {});
  consumer.reset();
  EXPECT_TRUE(queue_.Push(1));
  loop_.Run();
  EXPECT_TRUE(taken_.empty());
  EXPECT_EQ(queue_.size(), 1u);
}

}  // namespace
}  // namespace rota
