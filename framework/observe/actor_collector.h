#ifndef ROTA_OBSERVE_ACTOR_COLLECTOR_H_
#define ROTA_OBSERVE_ACTOR_COLLECTOR_H_

#include "framework/actor/actor_system.h"
#include "framework/observe/collector.h"

namespace rota {

// The families rota_actor_*, labelled by the kind of actor. monitoring/METRICS.md describes every one.
// `system` must outlive the collector; kinds that are registered later show up too.
// Thread: loop, for the collector too.
Collector NewActorCollector(const ActorSystem& system);

}  // namespace rota

#endif  // ROTA_OBSERVE_ACTOR_COLLECTOR_H_
