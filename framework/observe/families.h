#ifndef ROTA_OBSERVE_FAMILIES_H_
#define ROTA_OBSERVE_FAMILIES_H_

#include <prometheus/metric_family.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "framework/base/histogram.h"

namespace rota::observe {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Builds Prometheus families out of plain numbers. For the collectors of this folder only: no other header of the
// framework names a type of prometheus-cpp.
// Thread: any; builds values.
class Families {
 public:
  // Starts a family; the samples that follow belong to it.
  void Counter(std::string name, std::string help) { Start(std::move(name), std::move(help), prometheus::MetricType::Counter); }
  void Gauge(std::string name, std::string help) { Start(std::move(name), std::move(help), prometheus::MetricType::Gauge); }
  void Histogram(std::string name, std::string help) { Start(std::move(name), std::move(help), prometheus::MetricType::Histogram); }

  // Adds a sample to a counter or a gauge.
  void Sample(double value, Labels labels = {});
  // Adds a sample to a histogram.
  void Sample(const DurationHistogram& durations, Labels labels = {});

  std::vector<prometheus::MetricFamily> Take() && { return std::move(families_); }

 private:
  void Start(std::string name, std::string help, prometheus::MetricType type);
  prometheus::ClientMetric& AddMetric(Labels labels);

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace rota::observe

#endif  // ROTA_OBSERVE_FAMILIES_H_
