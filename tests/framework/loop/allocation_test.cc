// What the loop takes from the heap: nothing, once its queues have reached their size. Counted, so that nothing creeps in unseen.
#include <array>
#include <cstddef>
#include <cstdint>

#include "framework/base/pools.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"
#include "tests/allocation_count.h"

namespace rota {
namespace {

using std::chrono::milliseconds;

// As large as what a callback has room for.
struct Fits {
  void operator()() { ++*count; }
  uint64_t* count;
  std::array<std::byte, Callback::kInlineBytes - sizeof(uint64_t*)> more{};
};
static_assert(sizeof(Fits) == Callback::kInlineBytes);

class LoopAllocationTest : public testing::Test {
 protected:
  // Calls round() some times, so that queues reach their size, and then counts what a thousand more take.
  template <typename Round>
  uint64_t AllocationsOf(Round&& round) {
    for (int i = 0; i < 200; ++i) round();
    const uint64_t before = AllocationCount();
    for (int i = 0; i < 1000; ++i) round();
    return AllocationCount() - before;
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  uint64_t ran_ = 0;
};

TEST_F(LoopAllocationTest, ImmediatesTakeNone) {
  EXPECT_EQ(AllocationsOf([&] {
              for (int i = 0; i < 10; ++i) loop_.SetImmediate(Fits{&ran_});
              loop_.RunOnce();
            }),
            0u);
  EXPECT_EQ(ran_, 12'000u);
}

TEST_F(LoopAllocationTest, TicksAndMicrotasksTakeNone) {
  EXPECT_EQ(AllocationsOf([&] {
              for (int i = 0; i < 10; ++i) loop_.NextTick(Fits{&ran_});
              for (int i = 0; i < 10; ++i) loop_.QueueMicrotask(Fits{&ran_});
              loop_.RunOnce();
            }),
            0u);
  EXPECT_EQ(ran_, 24'000u);
}

TEST_F(LoopAllocationTest, TimersThatFireTakeNone) {
  if (!kPoolsKeep) GTEST_SKIP() << "timers are blocks of the heap";
  EXPECT_EQ(AllocationsOf([&] {
              for (int i = 1; i <= 10; ++i) loop_.SetTimeout(milliseconds(i), Fits{&ran_});
              while (loop_.alive()) loop_.RunOnce();
            }),
            0u);
  EXPECT_EQ(ran_, 12'000u);
}

TEST_F(LoopAllocationTest, DeadlinesThatAreClearedTakeNone) {
  if (!kPoolsKeep) GTEST_SKIP() << "timers are blocks of the heap";
  int64_t delay = 0;
  EXPECT_EQ(AllocationsOf([&] {
              std::array<Timer, 10> deadlines;
              for (Timer& deadline : deadlines) deadline = loop_.SetTimeout(milliseconds(1 + delay++ % 1000), Fits{&ran_});
              for (Timer& deadline : deadlines) deadline.Clear();
              loop_.RunOnce();
            }),
            0u);
  EXPECT_EQ(ran_, 0u);
}

TEST_F(LoopAllocationTest, PostedCallbacksTakeNone) {
  EXPECT_EQ(AllocationsOf([&] {
              for (int i = 0; i < 10; ++i) loop_.Post(Fits{&ran_});
              loop_.RunOnce();
            }),
            0u);
  EXPECT_EQ(ran_, 12'000u);
}

}  // namespace
}  // namespace rota
