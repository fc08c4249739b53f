#include "framework/transport/native/message_queue.h"

#include <string>

#include "framework/rpc/payload.h"
#include "gtest/gtest.h"

namespace rota::native {
namespace {

TEST(MessageQueueTest, MessagesComeOutInTheOrderInWhichTheyWentIn) {
  MessageQueue queue;
  int in = 0, out = 0;
  // The queue grows and shrinks again and again.
  for (int round = 1; round < 200; ++round) {
    for (int i = 0; i < round % 17; ++i) queue.Push(Payload::Copy(std::to_string(in++)));
    for (int i = 0; i < round % 13 && !queue.empty(); ++i) {
      EXPECT_EQ(queue.Front().view(), std::to_string(out));
      EXPECT_EQ(queue.Pop().view(), std::to_string(out++));
    }
    EXPECT_EQ(queue.size(), static_cast<size_t>(in - out));
  }
  while (!queue.empty()) EXPECT_EQ(queue.Pop().view(), std::to_string(out++));
  EXPECT_EQ(in, out);
}

TEST(MessageQueueTest, ClearDropsWhatIsThere) {
  MessageQueue queue;
  queue.Push(Payload::Copy("a"));
  queue.Push(Payload::Copy("b"));
  queue.Pop();
  queue.Clear();
  EXPECT_TRUE(queue.empty());
  queue.Push(Payload::Copy("c"));
  EXPECT_EQ(queue.Pop().view(), "c");
}

}  // namespace
}  // namespace rota::native
