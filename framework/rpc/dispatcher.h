#ifndef ROTA_RPC_DISPATCHER_H_
#define ROTA_RPC_DISPATCHER_H_

#include "framework/actor/actor_system.h"
#include "framework/rpc/service_registry.h"
#include "framework/rpc/transport.h"

namespace rota {

// Where the calls of all transports come in: finds the method of each and starts it, or refuses it with UNIMPLEMENTED.
// Thread: loop.
// Owner:  main(). Outlives the servers, and is outlived by the registry and the actor system.
class Dispatcher final : public CallAcceptor {
 public:
  Dispatcher(ActorSystem& system, ServiceRegistry& registry) : system_(system), registry_(registry) {}

  CallSink* OnCall(Call& call) override;

 private:
  CallSink* Refuse(Call& call);

  ActorSystem& system_;
  ServiceRegistry& registry_;
};

}  // namespace rota

#endif  // ROTA_RPC_DISPATCHER_H_
