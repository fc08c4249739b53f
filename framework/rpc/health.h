#ifndef ROTA_RPC_HEALTH_H_
#define ROTA_RPC_HEALTH_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "framework/actor/actor_kind.h"
#include "framework/base/status.h"
#include "framework/rpc/method_table.h"

namespace rota {

// Which services of a process are ready, for whoever balances load: the service grpc.health.v1.Health.
// The empty name stands for the process as a whole, which is NOT_SERVING until SetServing("", true). A service that nobody has named is unknown: Check() is NOT_FOUND, and
// Watch() says SERVICE_UNKNOWN until it becomes known.
// Thread: loop.
// Owner:  main(). Outlives the actor system.
// Source: https://github.com/grpc/grpc/blob/master/doc/health-checking.md.
class Health {
 public:
  // Watches at once; more are refused with RESOURCE_EXHAUSTED.
  static constexpr size_t kMaxWatches = 1000;

  Health() = default;
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  // Makes `service` known and says whether it serves. Everyone who watches it hears of a change.
  void SetServing(std::string_view service, bool serving);
  // The process drains: every service is NOT_SERVING, for good, and every watch hears of it and then ends with
  // UNAVAILABLE "the server drains", so that watches do not hold the drain up.
  void Shutdown();

  size_t watches() const { return watches_; }

  // The kind of the actors that serve it, and their table: register both.
  KindOptions Kind();
  static const ServiceTable& Table();

 private:
  friend class HealthService;
  class Change;

  // Wakes the watches, each of which looks for itself whether its service has changed.
  void Notify();

  std::map<std::string, bool, std::less<>> serving_{{"", false}};
  std::vector<Change*> waiting_;
  size_t watches_ = 0;
  bool shut_down_ = false;
};

}  // namespace rota

#endif  // ROTA_RPC_HEALTH_H_
