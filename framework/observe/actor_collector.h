#ifndef ROTA_OBSERVE_ACTOR_COLLECTOR_H_
#define ROTA_OBSERVE_ACTOR_COLLECTOR_H_

#include <memory>

#include "framework/actor/actor_system.h"

namespace prometheus {
class Collectable;
}  // namespace prometheus

namespace rota {

// The families rota_actor_*, labelled by the kind of actor. monitoring/METRICS.md describes every one.
// `system` must outlive the collector; kinds that are registered later show up too.
// Thread: loop, for the collector too.
std::unique_ptr<prometheus::Collectable> NewActorCollector(const ActorSystem& system);

}  // namespace rota

#endif  // ROTA_OBSERVE_ACTOR_COLLECTOR_H_
