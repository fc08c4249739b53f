#ifndef ROTA_OBSERVE_METRICS_PAGE_H_
#define ROTA_OBSERVE_METRICS_PAGE_H_

#include <string>
#include <vector>

#include "framework/base/callback.h"
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

  // Adds a part of the page to `text`; false: it was the last.
  using Steps = UniqueFunction<bool(std::string& text)>;

  void Add(Collector collector);
  // One scrape, in the text exposition format of Prometheus, version 0.0.4, in steps, so that no request has to wait for a whole page:
  // some 16 lines are written in one, and all numbers of one collector are read in one, because they are of one moment. Must not be called after the end of
  // the page.
  Steps Scrape() const;
  // All of it at once.
  std::string Text() const;

 private:
  std::vector<Collector> collectors_;
};

}  // namespace rota

#endif  // ROTA_OBSERVE_METRICS_PAGE_H_
