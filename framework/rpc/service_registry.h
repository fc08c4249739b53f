#ifndef ROTA_RPC_SERVICE_REGISTRY_H_
#define ROTA_RPC_SERVICE_REGISTRY_H_

#include <deque>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "framework/actor/actor_system.h"
#include "framework/base/status.h"
#include "framework/rpc/method_table.h"
#include "framework/rpc/rpc_stats.h"

namespace rota {

// A method that calls may come for.
struct RegisteredMethod {
  const MethodInfo* info;
  ActorKind* kind;
  MethodStats stats;
};

// The services of a process: finds the method of a path, and holds what each method counts.
// Thread: loop.
// Owner:  main(). Outlives the servers that it serves; the actor kinds outlive it.
class ServiceRegistry {
 public:
  ServiceRegistry() = default;
  ServiceRegistry(const ServiceRegistry&) = delete;
  ServiceRegistry& operator=(const ServiceRegistry&) = delete;

  // Calls of the service go to actors of `kind`, which must derive from the class that `table` comes from.
  // Errors: ALREADY_EXISTS when there is a service of that name.
  Status Register(const ServiceTable& table, ActorKind& kind);

  // The method of "/files.v1.Files/Stat", or null. Allocates nothing.
  RegisteredMethod* Find(std::string_view path);
  // The service "files.v1.Files", or null.
  const ServiceTable* FindService(std::string_view name) const;
  // Why Find() found nothing: UNIMPLEMENTED, naming the service or the method that is not there.
  Status WhyNotFound(std::string_view path) const;

  // In the order in which they were registered.
  const std::vector<const ServiceTable*>& services() const { return services_; }
  const std::deque<RegisteredMethod>& methods() const { return methods_; }
  // Every call that found no method counts here, whatever its path: a peer must not make labels.
  MethodStats& unknown() { return unknown_; }
  const MethodStats& unknown() const { return unknown_; }

 private:
  std::vector<const ServiceTable*> services_;
  std::deque<RegisteredMethod> methods_;
  std::unordered_map<std::string_view, RegisteredMethod*> by_name_;
  // What was found last: the same is often asked for again.
  RegisteredMethod* last_ = nullptr;
  MethodStats unknown_;
};

}  // namespace rota

#endif  // ROTA_RPC_SERVICE_REGISTRY_H_
