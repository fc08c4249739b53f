#include "framework/observe/metrics_page.h"

#include <gtest/gtest.h>
#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "framework/base/histogram.h"
#include "framework/observe/collector.h"
#include "framework/observe/families.h"

namespace rota {
namespace {

// Fills families each time that it is asked.
class Source final : public prometheus::Collectable {
 public:
  explicit Source(std::function<void(observe::Families&)> fill) : fill_(std::move(fill)) {}
  std::vector<prometheus::MetricFamily> Collect() const override {
    observe::Families families;
    fill_(families);
    return std::move(families).Take();
  }

 private:
  std::function<void(observe::Families&)> fill_;
};

Collector Collecting(std::function<void(observe::Families&)> fill) { return Collector(new Source(std::move(fill))); }

TEST(MetricsPageTest, WithoutCollectorsThePageIsEmpty) { EXPECT_EQ(MetricsPage().Text(), ""); }

TEST(MetricsPageTest, FamiliesComeInTheOrderOfTheirCollectors) {
  MetricsPage page;
  page.Add(Collecting([](observe::Families& families) {
    families.Counter("z_total", "Last in the alphabet.");
    families.Sample(3, {{"code", "OK"}});
  }));
  page.Add(Collecting([](observe::Families& families) {
    families.Gauge("a", "First.");
    families.Sample(0.5);
  }));
  EXPECT_EQ(page.Text(),
            "# HELP z_total Last in the alphabet.\n# TYPE z_total counter\nz_total{code=\"OK\"} 3\n"
            "# HELP a First.\n# TYPE a gauge\na 0.5\n");
}

TEST(MetricsPageTest, AScrapeComesInStepsThatMakeTheSamePage) {
  MetricsPage page;
  DurationHistogram durations;
  for (int64_t us = 1; us < 1'000'000; us *= 3) durations.Record(std::chrono::microseconds(us));
  page.Add(Collecting([&](observe::Families& families) {
    families.Histogram("rota_a_seconds", "Long.");
    for (int i = 0; i < 100; ++i) families.Sample(durations, {{"method", std::to_string(i)}});
    families.Counter("rota_b_total", "Without samples.");
  }));
  page.Add(Collecting([](observe::Families&) {}));
  page.Add(Collecting([](observe::Families& families) {
    for (int i = 0; i < 300; ++i) {
      families.Gauge("rota_c" + std::to_string(i), "Short.");
      families.Sample(i);
    }
  }));
  // What prometheus-cpp writes of all of it at once.
  observe::Families all;
  all.Histogram("rota_a_seconds", "Long.");
  for (int i = 0; i < 100; ++i) all.Sample(durations, {{"method", std::to_string(i)}});
  all.Counter("rota_b_total", "Without samples.");
  for (int i = 0; i < 300; ++i) {
    all.Gauge("rota_c" + std::to_string(i), "Short.");
    all.Sample(i);
  }
  std::string text;
  size_t longest = 0;
  MetricsPage::Steps step = page.Scrape();
  for (bool more = true; more;) {
    const size_t before = text.size();
    more = step(text);
    longest = std::max(longest, text.size() - before);
  }
  EXPECT_EQ(text, prometheus::TextSerializer().Serialize(std::move(all).Take()));
  EXPECT_EQ(page.Text(), text);
  // Of some 300 KB.
  EXPECT_LT(longest, 6'000u);
}

TEST(MetricsPageTest, NumbersAreReadWhenThePageIsAsked) {
  double value = 1;
  MetricsPage page;
  page.Add(Collecting([&](observe::Families& families) {
    families.Gauge("depth", "Deep.");
    families.Sample(value);
  }));
  EXPECT_NE(page.Text().find("\ndepth 1\n"), std::string::npos);
  value = 2;
  EXPECT_NE(page.Text().find("\ndepth 2\n"), std::string::npos);
}

TEST(MetricsPageTest, WhatBelongsToTheFormatIsEscapedInLabels) {
  MetricsPage page;
  page.Add(Collecting([](observe::Families& families) {
    families.Gauge("depth", "Deep.");
    families.Sample(1, {{"key", "a\"b\\c\nd"}});
  }));
  EXPECT_NE(page.Text().find(R"(depth{key="a\"b\\c\nd"} 1)"), std::string::npos) << page.Text();
}

}  // namespace
}  // namespace rota
