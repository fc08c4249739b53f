#ifndef ROTA_OBSERVE_RPC_COLLECTOR_H_
#define ROTA_OBSERVE_RPC_COLLECTOR_H_

#include "framework/observe/collector.h"
#include "framework/rpc/service_registry.h"

namespace rota {

// The families rota_rpc_server_*, by service and method. Calls that found no method go by the service and method
// "unknown", so that peers cannot make labels. monitoring/METRICS.md describes every family.
// `registry` must outlive the collector.
// Thread: loop, for the collector too.
Collector NewRpcCollector(const ServiceRegistry& registry);

}  // namespace rota

#endif  // ROTA_OBSERVE_RPC_COLLECTOR_H_
