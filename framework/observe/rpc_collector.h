#ifndef ROTA_OBSERVE_RPC_COLLECTOR_H_
#define ROTA_OBSERVE_RPC_COLLECTOR_H_

#include <memory>

#include "framework/rpc/service_registry.h"

namespace prometheus {
class Collectable;
}  // namespace prometheus

namespace rota {

// The families rota_rpc_server_*, by service and method. Calls that found no method go by the service and method
// "unknown", so that peers cannot make labels. monitoring/METRICS.md describes every family.
// `registry` must outlive the collector.
// Thread: loop, for the collector too.
std::unique_ptr<prometheus::Collectable> NewRpcCollector(const ServiceRegistry& registry);

}  // namespace rota

#endif  // ROTA_OBSERVE_RPC_COLLECTOR_H_
