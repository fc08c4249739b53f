#include "framework/loop/async_sender.h"

#include <atomic>
#include <thread>
#include <vector>

#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

class AsyncSenderTest : public testing::Test {
 protected:
  ManualClock clock_;
  EventLoop loop_{clock_};
};

TEST_F(AsyncSenderTest, ManySendsBeforeTheCallbackAreOne) {
  int runs = 0;
  AsyncSender sender(loop_, [&] { ++runs; });
  for (int i = 0; i < 10; ++i) sender.Send();
  loop_.RunOnce();
  EXPECT_EQ(runs, 1);
  sender.Send();
  loop_.RunOnce();
  EXPECT_EQ(runs, 2);
}

TEST_F(AsyncSenderTest, SendInsideOfTheCallbackIsToldByAnother) {
  int runs = 0;
  AsyncSender* self = nullptr;
  AsyncSender sender(loop_, [&] {
    if (++runs < 3) {
      self->Send();
    } else {
      self->Close();
    }
  });
  self = &sender;
  sender.Send();
  loop_.Run();
  EXPECT_EQ(runs, 3);
}

TEST_F(AsyncSenderTest, NoSendOfAnotherThreadIsLost) {
  std::atomic<int> last = 0;
  int seen = 0;
  AsyncSender* self = nullptr;
  AsyncSender sender(loop_, [&] {
    seen = last.load();
    if (seen == 10'000) self->Close();
  });
  self = &sender;
  std::thread other([&] {
    for (int i = 1; i <= 10'000; ++i) {
      last = i;
      sender.Send();
    }
  });
  loop_.Run();
  other.join();
  EXPECT_EQ(seen, 10'000);
}

TEST_F(AsyncSenderTest, KeepsTheLoopAliveUntilItIsUnrefedOrClosed) {
  AsyncSender sender(loop_, [] {});
  EXPECT_TRUE(loop_.alive());
  sender.SetRef(false);
  EXPECT_FALSE(loop_.alive());
  sender.SetRef(true);
  EXPECT_EQ(loop_.ListRefs().size(), 1u);
  bool closed = false;
  sender.Close([&] { closed = true; });
  loop_.Run();
  EXPECT_TRUE(closed);
  EXPECT_FALSE(sender.is_open());
}

TEST_F(AsyncSenderTest, ClosedSenderDoesNotCallBack) {
  int runs = 0;
  AsyncSender sender(loop_, [&] { ++runs; });
  sender.Send();
  sender.Close();
  loop_.Run();
  EXPECT_EQ(runs, 0);
}

TEST_F(AsyncSenderTest, CallbackHasTheContextOfTheCreator) {
  class Named final : public ContextBase {};
  const auto mine = MakeRef<Named>();
  ContextBase* seen = nullptr;
  std::unique_ptr<AsyncSender> sender;
  {
    const ContextScope scope(mine.get());
    sender = std::make_unique<AsyncSender>(loop_, [&] { seen = CurrentContext(); });
  }
  sender->Send();
  loop_.RunOnce();
  EXPECT_EQ(seen, mine.get());
}

}  // namespace
}  // namespace rota
