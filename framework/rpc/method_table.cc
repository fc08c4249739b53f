#include "framework/rpc/method_table.h"

#include <string>

namespace rota {

Status CheckKey(const MethodInfo& method, std::string_view key) {
  if (!key.empty() && key.size() <= kMaxKeyBytes) return OkStatus();
  std::string message = "field '" + std::string(method.key_field) + "' in the request of " + std::string(method.full_name);
  if (key.empty()) return InvalidArgumentError(message + " is empty, but it names the actor that the call goes to");
  return InvalidArgumentError(message + " has " + std::to_string(key.size()) + " bytes; the limit is " + std::to_string(kMaxKeyBytes));
}

}  // namespace rota
