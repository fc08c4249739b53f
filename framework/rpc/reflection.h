#ifndef ROTA_RPC_REFLECTION_H_
#define ROTA_RPC_REFLECTION_H_

#include "framework/actor/actor_kind.h"
#include "framework/rpc/method_table.h"
#include "framework/rpc/service_registry.h"

namespace rota {

// Tells peers what the process serves: the services grpc.reflection.v1.ServerReflection and, for older tools, v1alpha.
// Only the files of registered services and what they import are told. What cannot be found is an error_response, as the
// protocol has it; the stream goes on.
// Register the kinds, each with its table. `registry` must outlive the actor system.
// Thread: loop.
// Source: https://github.com/grpc/grpc/blob/master/doc/server-reflection.md.
KindOptions ReflectionKind(const ServiceRegistry& registry);
const ServiceTable& ReflectionTable();
KindOptions ReflectionAlphaKind(const ServiceRegistry& registry);
const ServiceTable& ReflectionAlphaTable();

}  // namespace rota

#endif  // ROTA_RPC_REFLECTION_H_
