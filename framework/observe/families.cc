#include "framework/observe/families.h"

#include <chrono>
#include <limits>

#include "framework/base/check.h"

namespace rota::observe {

void Families::Start(std::string name, std::string help, prometheus::MetricType type) {
  prometheus::MetricFamily& family = families_.emplace_back();
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = type;
}

prometheus::ClientMetric& Families::AddMetric(Labels labels) {
  ROTA_CHECK(!families_.empty(), "a sample needs a family: start one first");
  prometheus::ClientMetric& metric = families_.back().metric.emplace_back();
  for (auto& [name, value] : labels) {
    prometheus::ClientMetric::Label& label = metric.label.emplace_back();
    label.name = std::move(name);
    label.value = std::move(value);
  }
  return metric;
}

void Families::Sample(double value, Labels labels) {
  prometheus::ClientMetric& metric = AddMetric(std::move(labels));
  if (families_.back().type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

void Families::Sample(const DurationHistogram& durations, Labels labels) {
  prometheus::ClientMetric::Histogram& histogram = AddMetric(std::move(labels)).histogram;
  uint64_t cumulative = 0;
  for (size_t i = 0; i <= DurationHistogram::kBounds; ++i) {
    cumulative += durations.bucket(i);
    prometheus::ClientMetric::Bucket& bucket = histogram.bucket.emplace_back();
    bucket.cumulative_count = cumulative;
    bucket.upper_bound =
        i < DurationHistogram::kBounds ? DurationHistogram::BoundSeconds(i) : std::numeric_limits<double>::infinity();
  }
  histogram.sample_count = cumulative;
  histogram.sample_sum = std::chrono::duration<double>(durations.sum()).count();
}

}  // namespace rota::observe
