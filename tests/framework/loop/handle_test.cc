#include "framework/loop/handle.h"

#include <string>
#include <vector>

#include "framework/base/ref.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

class HandleTest : public testing::Test {
 protected:
  uint64_t handles() { return loop_.refs().count(RefKind::kHandle); }
  uint64_t closing() { return loop_.refs().count(RefKind::kClosing); }

  ManualClock clock_;
  EventLoop loop_{clock_};
};

TEST_F(HandleTest, ClosingKeepsTheLoopAliveUntilTheCallbackHasRun) {
  bool closed = false;
  const Ref<Handle> handle = loop_.OpenHandle();
  EXPECT_EQ(handles(), 1u);
  handle->Close([&] {
    closed = true;
    EXPECT_EQ(closing(), 0u);
  });
  EXPECT_FALSE(handle->is_open());
  EXPECT_EQ(handles(), 0u);
  EXPECT_EQ(closing(), 1u);
  EXPECT_FALSE(closed);
  loop_.Run();
  EXPECT_TRUE(closed);
  EXPECT_EQ(loop_.refs().total(), 0u);
}

TEST_F(HandleTest, TheLastReferenceOfAnOpenHandleClosesItWithoutACallback) {
  Ref<Handle> handle = loop_.OpenHandle();
  handle = nullptr;
  EXPECT_EQ(loop_.refs().total(), 0u);
}

TEST_F(HandleTest, RefAndUnrefCountOnceHoweverOftenTheyAreCalled) {
  const Ref<Handle> handle = loop_.OpenHandle();
  handle->SetRef(false);
  handle->SetRef(false);
  EXPECT_EQ(handles(), 0u);
  handle->SetRef(true);
  handle->SetRef(true);
  EXPECT_EQ(handles(), 1u);
  handle->SetRef(false);
  handle->Close();
  // Closing keeps the loop alive even so, as in libuv.
  EXPECT_EQ(closing(), 1u);
  handle->SetRef(true);
  EXPECT_EQ(handles(), 0u);
  loop_.Run();
  EXPECT_EQ(loop_.refs().total(), 0u);
}

class Context final : public ContextBase {};

TEST_F(HandleTest, TheCallbackRunsInTheContextInWhichTheHandleWasOpened) {
  const Ref<Context> context = MakeRef<Context>();
  Ref<Handle> handle;
  {
    const ContextScope scope(context.get());
    handle = loop_.OpenHandle();
  }
  ContextBase* seen = nullptr;
  handle->Close([&] { seen = CurrentContext(); });
  loop_.Run();
  EXPECT_EQ(seen, context.get());
}

TEST_F(HandleTest, WhatACloseCallbackClosesIsCalledInTheNextIteration) {
  std::vector<uint64_t> iterations;
  const Ref<Handle> first = loop_.OpenHandle();
  const Ref<Handle> second = loop_.OpenHandle();
  first->Close([&] {
    iterations.push_back(loop_.stats().iterations);
    second->Close([&] { iterations.push_back(loop_.stats().iterations); });
  });
  loop_.Run();
  EXPECT_EQ(iterations, (std::vector<uint64_t>{1, 2}));
}

TEST(HandleDeathTest, ClosingTwiceStopsTheProcess) {
  ManualClock clock;
  EventLoop loop(clock);
  const Ref<Handle> handle = loop.OpenHandle();
  handle->Close();
  EXPECT_DEATH(handle->Close(), "closed twice");
  loop.Run();
}

}  // namespace
}  // namespace rota
