// An idle loop lets a rush of posts grow before it takes them, because each batch costs who posts more than a callback does.

#include <chrono>
#include <cstddef>

#include "framework/base/clock.h"
#include "framework/base/cores.h"
#include "framework/loop/event_loop.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

// A tenth of a microsecond passes with each reading, and in that time somebody posts, for as long as there is something to post.
class BusyClock final : public Clock {
 public:
  TimePoint Now() const override {
    now_ += nanoseconds(100);
    if (loop_ != nullptr && left_ > 0) {
      --left_;
      loop_->Post([this] { ++ran; });
    }
    return now_;
  }
  bool SkipTo(TimePoint) override { return false; }
  // From now on `count` callbacks are posted, one a reading.
  void Post(EventLoop& loop, size_t count) {
    loop_ = &loop;
    left_ = count;
  }
  size_t left() const { return left_; }

  mutable size_t ran = 0;

 private:
  mutable TimePoint now_{};
  EventLoop* loop_ = nullptr;
  mutable size_t left_ = 0;
};

class GatherTest : public testing::Test {
 protected:
  void SetUp() override {
    if (UsableCores() < 2) GTEST_SKIP() << "nobody stays awake on a single core";
  }
  // The loop has just run a batch of so many.
  void RunBatch(size_t size) {
    for (size_t i = 0; i < size; ++i) loop_.Post([] {});
    loop_.RunOnce();
    ASSERT_EQ(loop_.stats().posted, size);
    ASSERT_EQ(loop_.stats().post_batches, 1u);
  }

  BusyClock clock_;
  EventLoop loop_{clock_};
  const Ref<Handle> handle_ = loop_.OpenHandle();
};

TEST_F(GatherTest, AfterARushTheNextBatchGrowsForAsLongAsSomebodyPosts) {
  RunBatch(16);
  clock_.Post(loop_, 40);
  loop_.RunOnce();
  EXPECT_EQ(clock_.left(), 0u);
  EXPECT_EQ(loop_.stats().posted, 16u + 40u);
  EXPECT_EQ(loop_.stats().post_batches, 2u);
  EXPECT_EQ(clock_.ran, 40u);
}

TEST_F(GatherTest, ItGrowsForTenMicrosecondsAtMost) {
  RunBatch(16);
  clock_.Post(loop_, 10'000);
  loop_.RunOnce();
  EXPECT_EQ(loop_.stats().post_batches, 2u);
  // A hundred readings in that time, and some before and after.
  EXPECT_GE(loop_.stats().posted, 16u + 100u);
  EXPECT_LE(loop_.stats().posted, 16u + 120u);
}

TEST_F(GatherTest, TheWaitForItIsIdleTime) {
  RunBatch(16);
  const Duration before = loop_.stats().idle;
  clock_.Post(loop_, 10'000);
  loop_.RunOnce();
  EXPECT_GE(loop_.stats().idle - before, microseconds(10));
}

TEST_F(GatherTest, WhatComesOneByOneIsNotKeptWaiting) {
  RunBatch(15);
  clock_.Post(loop_, 10'000);
  loop_.RunOnce();
  EXPECT_LE(loop_.stats().posted, 15u + 10u);
}

TEST_F(GatherTest, ALoopThatHasAnythingElseToDoKeepsNothingWaiting) {
  RunBatch(16);
  loop_.SetImmediate([] {});
  clock_.Post(loop_, 10'000);
  loop_.RunOnce();
  EXPECT_LE(loop_.stats().posted, 16u + 10u);
}

}  // namespace
}  // namespace rota
