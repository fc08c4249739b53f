#include "framework/transport/native/request_headers.h"

#include <string>
#include <utility>

#include "framework/transport/native/metadata_codec.h"
#include "framework/transport/native/timeout.h"

namespace rota::native {
namespace {

// "application/grpc", alone or followed by "+proto" or a parameter.
bool IsGrpcContentType(std::string_view value) {
  constexpr std::string_view kGrpc = "application/grpc";
  if (!value.starts_with(kGrpc)) return false;
  value.remove_prefix(kGrpc.size());
  return value.empty() || value.front() == '+' || value.front() == ';';
}

}  // namespace

void RequestHeaders::Reset(size_t limit) {
  *this = RequestHeaders();
  limit_ = left_ = limit;
}

void RequestHeaders::Add(std::string_view name, std::string_view value, CallStart& start) {
  const size_t size = name.size() + value.size() + kFieldOverhead;
  if (too_long_ || size > left_) {
    too_long_ = true;
    return;
  }
  left_ -= size;
  if (name.starts_with(':')) return AddPseudo(name, value, start);
  if (name == "content-type") {
    is_grpc_ = IsGrpcContentType(value);
  } else if (name == "te") {
    takes_trailers_ = value == "trailers";
  } else if (name == "host") {
    if (start.authority.empty()) start.authority = value;
  } else if (!IsReservedKey(name)) {
    if (!AddReceived(name, value, start.metadata)) Fault(InternalError("metadata " + std::string(name) + " is not base64"));
  } else if (name.starts_with("grpc-")) {
    AddGrpc(name, value);
  }
}

void RequestHeaders::AddPseudo(std::string_view name, std::string_view value, CallStart& start) {
  if (name == ":path") {
    start.path = value;
  } else if (name == ":authority") {
    start.authority = value;
  } else if (name == ":method") {
    is_post_ = value == "POST";
  }
}

void RequestHeaders::AddGrpc(std::string_view name, std::string_view value) {
  if (name == "grpc-timeout") {
    timeout_ = ParseTimeout(value);
    if (!timeout_) Fault(InternalError("grpc-timeout '" + std::string(value) + "' is malformed"));
  } else if (name == "grpc-encoding") {
    const std::optional<Encoding> encoding = ParseEncoding(value);
    if (!encoding) return Fault(UnimplementedError("grpc-encoding '" + std::string(value) + "' is not supported"));
    encoding_ = *encoding;
  } else if (name == "grpc-accept-encoding") {
    accepts_gzip_ = ListHas(value, "gzip");
  }
}

void RequestHeaders::Fault(Status status) {
  if (fault_.ok()) fault_ = std::move(status);
}

std::optional<RequestHeaders::Refusal> RequestHeaders::Judge(const CallStart& start) const {
  if (too_long_) {
    return Refusal{.status = ResourceExhaustedError("the header fields are larger than the limit of " + std::to_string(limit_))};
  }
  if (!is_post_) return Refusal{.http_status = 405, .status = InternalError("the method of HTTP is not POST")};
  if (!is_grpc_) return Refusal{.http_status = 415, .status = InternalError("the content-type is not application/grpc")};
  if (!takes_trailers_) return Refusal{.status = InternalError("there is no header te: trailers")};
  if (!start.path.starts_with('/')) return Refusal{.status = UnimplementedError("'" + start.path + "' is not /Service/Method")};
  if (!fault_.ok()) return Refusal{.status = fault_};
  return std::nullopt;
}

}  // namespace rota::native
