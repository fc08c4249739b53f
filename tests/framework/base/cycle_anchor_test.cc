#include "framework/base/cycle_anchor.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace rota {
namespace {

// A machine whose counter makes two and a half cycles a nanosecond, with a clock that takes 40 cycles to read.
constexpr uint64_t kStart = 1'000'000'000;
constexpr int64_t kBegin = 5'000'000'000;

uint64_t CountAt(int64_t nanoseconds) { return kStart + static_cast<uint64_t>(nanoseconds - kBegin) * 5 / 2; }

CycleAnchor::Reading ReadAt(int64_t nanoseconds) {
  const uint64_t count = CountAt(nanoseconds);
  return {count - 20, nanoseconds, count + 20};
}

constexpr int64_t Milliseconds(int64_t ms) { return ms * 1'000'000; }

// One whose pace is known.
CycleAnchor MeasuredAnchor() { return CycleAnchor().Next(ReadAt(kBegin)).Next(ReadAt(kBegin + Milliseconds(10))); }

TEST(CycleAnchorTest, TellsNothingBeforeItsPaceIsKnown) {
  CycleAnchor anchor;
  EXPECT_FALSE(anchor.Covers(CountAt(kBegin)));
  anchor = anchor.Next(ReadAt(kBegin));
  EXPECT_FALSE(anchor.Covers(CountAt(kBegin + 100)));
  anchor = anchor.Next(ReadAt(kBegin + Milliseconds(9)));
  EXPECT_FALSE(anchor.Covers(CountAt(kBegin + Milliseconds(9) + 100)));
  anchor = anchor.Next(ReadAt(kBegin + Milliseconds(10)));
  EXPECT_TRUE(anchor.Covers(CountAt(kBegin + Milliseconds(10) + 100)));
}

TEST(CycleAnchorTest, TellsTheTimeOfAMillisecondAtMostAMicrosecondBehind) {
  const CycleAnchor anchor = MeasuredAnchor();
  const int64_t begin = kBegin + Milliseconds(10);
  for (int64_t after = 100; after < Milliseconds(1); after += 777) {
    const uint64_t count = CountAt(begin + after);
    ASSERT_TRUE(anchor.Covers(count)) << after;
    ASSERT_LE(anchor.At(count), begin + after);
    ASSERT_GE(anchor.At(count), begin + after - 1000);
  }
  EXPECT_FALSE(anchor.Covers(CountAt(begin + Milliseconds(1) + 1000)));
}

TEST(CycleAnchorTest, DoesNotGoBackWhereTheClockOfTheSystemIsSlowedDown) {
  // The system sets its clock right by 500 parts in a million, the most that adjtimex() does.
  CycleAnchor anchor = MeasuredAnchor();
  int64_t told = 0;
  for (int64_t real = Milliseconds(10) + 1000; real < Milliseconds(400); real += 10'007) {
    const int64_t system = kBegin + real - (real - Milliseconds(10)) / 2000;
    const uint64_t count = CountAt(kBegin + real);
    if (!anchor.Covers(count)) anchor = anchor.Next({count - 40, system, count});
    ASSERT_TRUE(anchor.Covers(count));
    ASSERT_GE(anchor.At(count), told) << real;
    told = anchor.At(count);
    ASSERT_NEAR(static_cast<double>(told), static_cast<double>(system), 1000) << real;
  }
}

TEST(CycleAnchorTest, FollowsACounterThatRunsAtAnotherPaceFromNowOn) {
  // A virtual machine was moved: two cycles a nanosecond instead of two and a half.
  CycleAnchor anchor = MeasuredAnchor();
  const uint64_t moved = CountAt(kBegin + Milliseconds(10));
  for (int64_t after = Milliseconds(1); after < Milliseconds(1000); after += 500'000) {
    const uint64_t count = moved + static_cast<uint64_t>(after) * 2;
    if (!anchor.Covers(count)) anchor = anchor.Next({count - 40, kBegin + Milliseconds(10) + after, count});
  }
  const uint64_t count = moved + static_cast<uint64_t>(Milliseconds(1000)) * 2;
  anchor = anchor.Next({count - 40, kBegin + Milliseconds(1010), count});
  EXPECT_NEAR(static_cast<double>(anchor.At(count + 2 * 900'000)), static_cast<double>(kBegin + Milliseconds(1010) + 900'000), 1000);
}

TEST(CycleAnchorTest, ReadingThatWasInterruptedCoversNothing) {
  const int64_t now = kBegin + Milliseconds(11);
  const CycleAnchor anchor = MeasuredAnchor().Next({CountAt(now), now + 300, CountAt(now + 5000)});
  EXPECT_FALSE(anchor.Covers(CountAt(now + 6000)));
  const CycleAnchor next = anchor.Next(ReadAt(now + 7000));
  EXPECT_TRUE(next.Covers(CountAt(now + 8000)));
}

TEST(CycleAnchorTest, BeginsAnewWhenTheCounterWasSetBack) {
  const CycleAnchor anchor = MeasuredAnchor();
  const int64_t now = kBegin + Milliseconds(12);
  CycleAnchor next = anchor.Next({1000, now, 1040});
  EXPECT_FALSE(next.Covers(1100));
  EXPECT_GE(next.nanoseconds, anchor.nanoseconds);
  EXPECT_LE(next.nanoseconds, now);
  next = next.Next({1000 + 50'000'000, now + Milliseconds(20), 1040 + 50'000'000});
  EXPECT_TRUE(next.Covers(1040 + 50'000'000 + 100));
}

TEST(CycleAnchorTest, IsRightAfterHoursInWhichNobodyAsked) {
  const int64_t later = kBegin + Milliseconds(1000LL * 3600 * 5);
  const CycleAnchor anchor = MeasuredAnchor().Next(ReadAt(later));
  EXPECT_EQ(anchor.At(anchor.cycles), later);
  EXPECT_NEAR(static_cast<double>(anchor.At(CountAt(later + 500'000))), static_cast<double>(later + 500'000), 1000);
}

}  // namespace
}  // namespace rota
