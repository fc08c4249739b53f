#ifndef ROTA_OBSERVE_TRANSPORT_COLLECTOR_H_
#define ROTA_OBSERVE_TRANSPORT_COLLECTOR_H_

#include <string>

#include "framework/observe/collector.h"
#include "framework/rpc/transport.h"

namespace rota {

// The families rota_transport_*, labelled by the name of the transport. monitoring/METRICS.md describes every one.
// `stats` must outlive the collector.
// Thread: loop, for the collector too.
Collector NewTransportCollector(std::string transport, const TransportStats& stats);

}  // namespace rota

#endif  // ROTA_OBSERVE_TRANSPORT_COLLECTOR_H_
