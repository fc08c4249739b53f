#include "framework/context/log_context.h"

#include <array>
#include <string>
#include <string_view>

#include "framework/base/log.h"
#include "framework/context/request_context.h"
#include "framework/context/trace_parent.h"

namespace rota {
namespace {

// Reads only what does not change after construction: a line may come from a job, on another thread.
void AppendRequest(std::string* line) {
  const RequestContext* const context = RequestContext::Current();
  if (context == nullptr) return;
  if (!context->id().empty()) AppendLogField(line, {"request_id", context->id()});
  const auto& trace_id = context->trace_parent().trace_id;
  if (trace_id == decltype(TraceParent::trace_id){}) return;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<char, 32> hex;
  for (size_t i = 0; i < trace_id.size(); ++i) {
    hex[2 * i] = kHex[trace_id[i] >> 4];
    hex[2 * i + 1] = kHex[trace_id[i] & 15];
  }
  AppendLogField(line, {"trace_id", std::string_view(hex.data(), hex.size())});
}

}  // namespace

void InstallLogContext() { SetLogContext(AppendRequest); }

}  // namespace rota
