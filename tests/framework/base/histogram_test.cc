#include "framework/base/histogram.h"

#include <chrono>
#include <cstdint>

#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::nanoseconds;

// The bucket that took the only duration.
size_t BucketOf(int64_t ns) {
  DurationHistogram histogram;
  histogram.Record(nanoseconds(ns));
  for (size_t i = 0; i <= DurationHistogram::kBounds; ++i) {
    if (histogram.bucket(i) == 1) return i;
  }
  return 999;
}

TEST(DurationHistogramTest, ABucketIncludesItsUpperBoundAndNothingMore) {
  EXPECT_EQ(BucketOf(0), 0u);
  EXPECT_EQ(BucketOf(1), 0u);
  for (size_t i = 0; i < DurationHistogram::kBounds; ++i) {
    const int64_t bound = int64_t{1} << (DurationHistogram::kFirstExponent + i);
    EXPECT_EQ(BucketOf(bound), i);
    EXPECT_EQ(BucketOf(bound + 1), i + 1);
    EXPECT_DOUBLE_EQ(DurationHistogram::BoundSeconds(i), static_cast<double>(bound) * 1e-9);
  }
  EXPECT_EQ(BucketOf(INT64_MAX), DurationHistogram::kBounds);
}

TEST(DurationHistogramTest, CountAndSumAreThoseOfAllDurations) {
  DurationHistogram histogram;
  histogram.Record(nanoseconds(5));
  histogram.Record(nanoseconds(7'000'000'000));
  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_EQ(histogram.sum(), nanoseconds(7'000'000'005));
}

TEST(DurationHistogramTest, AShortDurationIsRecordedAsAnyOther) {
  DurationHistogram histogram;
  histogram.RecordShort(nanoseconds(0));
  histogram.RecordShort(DurationHistogram::kShort);
  EXPECT_EQ(histogram.bucket(0), 2u);
  EXPECT_EQ(histogram.sum(), DurationHistogram::kShort);
}

TEST(DurationHistogramTest, ANegativeDurationIsNone) {
  DurationHistogram histogram;
  histogram.Record(nanoseconds(-5));
  EXPECT_EQ(histogram.bucket(0), 1u);
  EXPECT_EQ(histogram.sum(), nanoseconds(0));
}

}  // namespace
}  // namespace rota
