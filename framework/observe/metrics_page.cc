#include "framework/observe/metrics_page.h"

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <iterator>
#include <utility>

namespace rota {

MetricsPage::MetricsPage() = default;
MetricsPage::~MetricsPage() = default;

void MetricsPage::Add(Collector collector) {
  collectors_.push_back(std::move(collector));
}

std::string MetricsPage::Text() const {
  std::vector<prometheus::MetricFamily> families;
  for (const auto& collector : collectors_) {
    std::vector<prometheus::MetricFamily> more = collector->Collect();
    std::move(more.begin(), more.end(), std::back_inserter(families));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace rota
