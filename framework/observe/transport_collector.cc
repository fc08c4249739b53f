#include "framework/observe/transport_collector.h"

#include <prometheus/collectable.h>

#include <utility>
#include <vector>

#include "framework/observe/families.h"

namespace rota {
namespace {

using observe::Families;

class TransportCollector final : public prometheus::Collectable {
 public:
  TransportCollector(std::string transport, const TransportStats& stats) : transport_(std::move(transport)), stats_(stats) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    Families families;
    AddCounter(families, "calls_started_total", "Calls that the transport took in.", stats_.calls_started);
    AddCounter(families, "calls_done_total", "Calls that are over for the transport.", stats_.calls_done);
    AddCounter(families, "calls_refused_total", "Calls that the transport refused by itself: too many, or it drains.",
               stats_.calls_refused);
    AddCounter(families, "messages_received_total", "Messages that came in.", stats_.messages_received);
    AddCounter(families, "messages_sent_total", "Messages that went out.", stats_.messages_sent);
    AddCounter(families, "received_bytes_total", "Bytes of the messages that came in.", stats_.bytes_received);
    AddCounter(families, "sent_bytes_total", "Bytes of the messages that went out.", stats_.bytes_sent);
    AddCounter(families, "batches_total", "Hand-overs of events to the loop.", stats_.batches);
    return std::move(families).Take();
  }

 private:
  void AddCounter(Families& families, const std::string& name, std::string help, uint64_t value) const {
    families.Counter("rota_transport_" + name, std::move(help));
    families.Sample(static_cast<double>(value), {{"transport", transport_}});
  }

  const std::string transport_;
  const TransportStats& stats_;
};

}  // namespace

Collector NewTransportCollector(std::string transport, const TransportStats& stats) {
  return Collector(new TransportCollector(std::move(transport), stats));
}

}  // namespace rota
