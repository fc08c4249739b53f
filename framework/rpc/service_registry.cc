#include "framework/rpc/service_registry.h"

#include <string>

namespace rota {
namespace {

// A peer may send a path of any length; a message shows the beginning.
std::string Quoted(std::string_view name) {
  constexpr size_t kShown = 200;
  return "'" + std::string(name.substr(0, kShown)) + (name.size() > kShown ? "..." : "") + "'";
}

}  // namespace

Status ServiceRegistry::Register(const ServiceTable& table, ActorKind& kind) {
  if (FindService(table.name) != nullptr) return AlreadyExistsError("there is a service " + Quoted(table.name) + " already");
  services_.push_back(&table);
  for (const MethodInfo& method : table.methods) {
    methods_.push_back(RegisteredMethod{&method, &kind, {}});
    by_name_.emplace(method.full_name, &methods_.back());
  }
  return OkStatus();
}

RegisteredMethod* ServiceRegistry::Find(std::string_view path) {
  if (path.empty() || path.front() != '/') return nullptr;
  path.remove_prefix(1);
  if (last_ != nullptr && last_->info->full_name == path) return last_;
  const auto found = by_name_.find(path);
  return found == by_name_.end() ? nullptr : last_ = found->second;
}

const ServiceTable* ServiceRegistry::FindService(std::string_view name) const {
  for (const ServiceTable* service : services_) {
    if (service->name == name) return service;
  }
  return nullptr;
}

Status ServiceRegistry::WhyNotFound(std::string_view path) const {
  const size_t slash = path.rfind('/');
  if (path.empty() || path.front() != '/' || slash <= 1 || slash + 1 == path.size()) {
    return UnimplementedError("path " + Quoted(path) + " is not of the form '/package.Service/Method'");
  }
  const std::string_view service = path.substr(1, slash - 1);
  if (FindService(service) == nullptr) return UnimplementedError("unknown service " + Quoted(service));
  return UnimplementedError("service " + Quoted(service) + " has no method " + Quoted(path.substr(slash + 1)));
}

}  // namespace rota
