#include "framework/transport/grpcpp/grpc_log.h"

#include <grpc/support/log.h>

#include <string_view>

#include "framework/base/log.h"

namespace rota::grpcpp {
namespace {

std::string_view FileName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

void LogMessage(gpr_log_func_args* message) {
  const LogLevel level = message->severity == GPR_LOG_SEVERITY_ERROR ? LogLevel::kWarn : LogLevel::kDebug;
  if (!LogEnabled(level)) return;
  Log(level, "grpc", {{"file", FileName(message->file)}, {"line", message->line}, {"message", message->message}});
}

}  // namespace

void RouteGrpcLog() { gpr_set_log_function(&LogMessage); }

}  // namespace rota::grpcpp
