#ifndef TESTS_INTEGRATION_NODE_PROGRAM_H_
#define TESTS_INTEGRATION_NODE_PROGRAM_H_

#include <cstdlib>
#include <string>

namespace rota {

// Of the environment; "" when it is not set. ROTA_NODE is the path of Node, and ROTA_NODE_MODULES a folder that has @grpc/grpc-js.
inline std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Why Node cannot be used, or "".
inline std::string NodeSkipReason() {
  if (const std::string reason = Variable("ROTA_NODE_SKIP_REASON"); !reason.empty()) return reason;
  return Variable("ROTA_NODE").empty() ? "ROTA_NODE is not set; tools/dev test sets it" : "";
}

}  // namespace rota

#endif  // TESTS_INTEGRATION_NODE_PROGRAM_H_
