#include "framework/observe/rpc_collector.h"

#include <prometheus/collectable.h>

#include <string>
#include <utility>
#include <vector>

#include "framework/base/status.h"
#include "framework/observe/families.h"
#include "framework/rpc/method_table.h"
#include "framework/rpc/rpc_stats.h"

namespace rota {
namespace {

using observe::Families;
using observe::Labels;

class RpcCollector final : public prometheus::Collectable {
 public:
  explicit RpcCollector(const ServiceRegistry& registry) : registry_(registry) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    Families families;
    families.Counter("rota_rpc_server_calls_started_total", "Calls that began.");
    AddNumbers(families, &MethodStats::started);
    families.Counter("rota_rpc_server_calls_total", "Calls that ended, by status code.");
    ForEachMethod([&](const Labels& labels, const MethodStats& stats) { AddCodes(families, labels, stats); });
    families.Gauge("rota_rpc_server_calls_in_flight", "Calls that began and have no status yet.");
    AddNumbers(families, &MethodStats::in_flight);
    families.Histogram("rota_rpc_server_call_duration_seconds", "Time from the start of a call to its status.");
    ForEachMethod([&](const Labels& labels, const MethodStats& stats) { families.Sample(stats.latency, labels); });
    families.Counter("rota_rpc_server_messages_received_total", "Messages that came from peers.");
    AddNumbers(families, &MethodStats::messages_received);
    families.Counter("rota_rpc_server_messages_sent_total", "Messages that went to peers.");
    AddNumbers(families, &MethodStats::messages_sent);
    return std::move(families).Take();
  }

 private:
  template <typename F>
  void ForEachMethod(F visit) const {
    for (const RegisteredMethod& method : registry_.methods()) {
      visit(Labels{{"service", std::string(method.info->service())}, {"method", std::string(method.info->name())}}, method.stats);
    }
    visit(Labels{{"service", "unknown"}, {"method", "unknown"}}, registry_.unknown());
  }
  void AddNumbers(Families& families, uint64_t MethodStats::*number) const {
    ForEachMethod([&](const Labels& labels, const MethodStats& stats) {
      families.Sample(static_cast<double>(stats.*number), labels);
    });
  }
  // Every code, also those that have not come up: a rate sees the first error only in a series that was there before.
  static void AddCodes(Families& families, const Labels& method, const MethodStats& stats) {
    for (size_t code = 0; code < stats.handled.size(); ++code) {
      Labels labels = method;
      labels.emplace_back("code", std::string(StatusCodeName(static_cast<StatusCode>(code))));
      families.Sample(static_cast<double>(stats.handled[code]), std::move(labels));
    }
  }

  const ServiceRegistry& registry_;
};

}  // namespace

Collector NewRpcCollector(const ServiceRegistry& registry) {
  return Collector(new RpcCollector(registry));
}

}  // namespace rota
