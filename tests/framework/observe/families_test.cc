#include "framework/observe/families.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "framework/base/histogram.h"

namespace rota::observe {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

std::vector<std::pair<std::string, std::string>> LabelsOf(const prometheus::ClientMetric& metric) {
  std::vector<std::pair<std::string, std::string>> labels;
  for (const auto& label : metric.label) labels.emplace_back(label.name, label.value);
  return labels;
}

TEST(FamiliesTest, WithoutAFamilyThereIsNothing) { EXPECT_TRUE(Families().Take().empty()); }

TEST(FamiliesTest, SamplesBelongToTheFamilyThatWasStartedLast) {
  Families families;
  families.Counter("calls_total", "Calls.");
  families.Sample(1, {{"method", "Put"}, {"code", "OK"}});
  families.Sample(2, {{"method", "Get"}, {"code", "OK"}});
  families.Gauge("depth", "Messages that wait.");
  families.Sample(-3.5);
  families.Counter("empty_total", "Nothing yet.");
  const std::vector<prometheus::MetricFamily> taken = std::move(families).Take();
  ASSERT_EQ(taken.size(), 3u);
  EXPECT_EQ(taken[0].name, "calls_total");
  EXPECT_EQ(taken[0].help, "Calls.");
  EXPECT_EQ(taken[0].type, prometheus::MetricType::Counter);
  ASSERT_EQ(taken[0].metric.size(), 2u);
  EXPECT_EQ(taken[0].metric[1].counter.value, 2);
  EXPECT_THAT(LabelsOf(taken[0].metric[1]), ElementsAre(Pair("method", "Get"), Pair("code", "OK")));
  EXPECT_EQ(taken[1].type, prometheus::MetricType::Gauge);
  ASSERT_EQ(taken[1].metric.size(), 1u);
  EXPECT_EQ(taken[1].metric[0].gauge.value, -3.5);
  EXPECT_TRUE(taken[1].metric[0].label.empty());
  EXPECT_TRUE(taken[2].metric.empty());
}

TEST(FamiliesTest, BucketsOfAHistogramAreCumulativeUpToAllOfThem) {
  DurationHistogram durations;
  durations.Record(std::chrono::nanoseconds(1));
  durations.Record(std::chrono::nanoseconds(1 << 11));
  durations.Record(std::chrono::hours(1));
  Families families;
  families.Histogram("wait_seconds", "How long.");
  families.Sample(durations, {{"phase", "poll"}});
  const auto taken = std::move(families).Take();
  const auto& histogram = taken.front().metric.front().histogram;
  ASSERT_EQ(histogram.bucket.size(), DurationHistogram::kBounds + 1);
  EXPECT_EQ(histogram.bucket[0].cumulative_count, 1u);
  EXPECT_DOUBLE_EQ(histogram.bucket[0].upper_bound, 1.024e-6);
  EXPECT_EQ(histogram.bucket[1].cumulative_count, 2u);
  EXPECT_EQ(histogram.bucket[DurationHistogram::kBounds - 1].cumulative_count, 2u);
  EXPECT_EQ(histogram.bucket.back().cumulative_count, 3u);
  EXPECT_EQ(histogram.bucket.back().upper_bound, std::numeric_limits<double>::infinity());
  EXPECT_EQ(histogram.sample_count, 3u);
  EXPECT_NEAR(histogram.sample_sum, 3600, 1e-3);
}

TEST(FamiliesDeathTest, ASampleWithoutAFamilyIsAMistakeOfTheCollector) {
  EXPECT_DEATH(Families().Sample(1), "a sample needs a family");
}

}  // namespace
}  // namespace rota::observe
