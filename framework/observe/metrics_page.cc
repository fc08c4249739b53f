#include "framework/observe/metrics_page.h"

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace rota {
namespace {

// Lines of one step, give or take those of a histogram: some 50 microseconds while the loop has other work.
constexpr size_t kLinesAtOnce = 16;

size_t LinesOf(const prometheus::ClientMetric& metric) { return metric.histogram.bucket.size() + 2; }

// Writes families in parts, of which only the first of each has the lines about the family.
class FamilyWriter {
 public:
  // Begins with others, when all of those before are written.
  void Begin(std::vector<prometheus::MetricFamily> families) {
    families_ = std::move(families);
    family_ = metric_ = 0;
  }
  bool done() const { return family_ == families_.size(); }
  void WritePart(std::string& text) {
    prometheus::MetricFamily& family = families_[family_];
    const auto begin = family.metric.begin() + static_cast<std::ptrdiff_t>(metric_);
    auto end = begin;
    for (size_t lines = 0; end != family.metric.end() && lines < kLinesAtOnce; ++end) lines += LinesOf(*end);
    const bool is_first = metric_ == 0;
    prometheus::MetricFamily part;
    part.name = family.name;
    if (is_first) part.help = family.help;
    part.type = family.type;
    std::move(begin, end, std::back_inserter(part.metric));
    const std::string lines = prometheus::TextSerializer().Serialize({part});
    // The line of the type is always there.
    text.append(lines, is_first ? 0 : lines.find('\n') + 1);
    metric_ = static_cast<size_t>(end - family.metric.begin());
    if (end == family.metric.end()) {
      ++family_;
      metric_ = 0;
    }
  }

 private:
  std::vector<prometheus::MetricFamily> families_;
  // The next to be written.
  size_t family_ = 0;
  size_t metric_ = 0;
};

}  // namespace

MetricsPage::MetricsPage() = default;
MetricsPage::~MetricsPage() = default;

void MetricsPage::Add(Collector collector) {
  collectors_.push_back(std::move(collector));
}

MetricsPage::Steps MetricsPage::Scrape() const {
  return [this, next = size_t{0}, writer = FamilyWriter()](std::string& text) mutable {
    const size_t begin = text.size();
    if (writer.done() && next < collectors_.size()) {
      writer.Begin(collectors_[next++]->Collect());
    } else {
      // Small families go together.
      constexpr size_t kBytesOfLine = 64;
      while (!writer.done() && text.size() - begin < kLinesAtOnce * kBytesOfLine) writer.WritePart(text);
    }
    return !writer.done() || next < collectors_.size();
  };
}

std::string MetricsPage::Text() const {
  std::string text;
  for (Steps step = Scrape(); step(text);) {
  }
  return text;
}

}  // namespace rota
