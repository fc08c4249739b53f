#ifndef ROTA_OBSERVE_METRICS_PAGE_H_
#define ROTA_OBSERVE_METRICS_PAGE_H_

#include <string>
#include <vector>

#include "framework/observe/collector.h"

namespace rota {

// What GET /metrics answers: the families of all collectors, read afresh for each scrape.
// Thread: loop, because collectors read numbers that belong to the loop.
// Owner:  the application; collectors must not outlive what they read.
class MetricsPage {
 public:
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

  MetricsPage();
  ~MetricsPage();

  void Add(Collector collector);
  // The text exposition format of Prometheus, version 0.0.4.
  std::string Text() const;

 private:
  std::vector<Collector> collectors_;
};

}  // namespace rota

#endif  // ROTA_OBSERVE_METRICS_PAGE_H_
