#include "framework/transport/native/request_headers.h"

#include <limits>
#include <string>
#include <utility>

#include "framework/transport/native/metadata_codec.h"
#include "framework/transport/native/timeout.h"

namespace rota::native {
namespace {

constexpr int64_t kNoLength = std::numeric_limits<int64_t>::max();

}  // namespace

void RequestHeaders::Reset(size_t limit) {
  *this = RequestHeaders();
  limit_ = limit;
  left_ = static_cast<int64_t>(limit);
  body_left_ = kNoLength;
}

bool RequestHeaders::Add(const RequestField& field, CallStart& start) {
  const FieldKind kind = field.kind;
  if (!IsPseudo(kind)) {
    pseudo_over_ = true;
  } else if (pseudo_over_) {
    return false;
  }
  switch (kind) {
    case FieldKind::kPost:
    case FieldKind::kConnect:
    case FieldKind::kOptions:
    case FieldKind::kOtherMethod:
      method_ = kind;
      Fits(field);
      return IsFirst(kMethod);
    case FieldKind::kHttpScheme:
    case FieldKind::kOtherScheme:
      scheme_ = kind;
      Fits(field);
      return IsFirst(kScheme);
    case FieldKind::kPath:
    case FieldKind::kAsterisk:
    case FieldKind::kOtherPath:
      path_ = kind;
      if (Fits(field)) start.path = field.value;
      return IsFirst(kPath);
    case FieldKind::kAuthority:
      if (Fits(field)) start.authority = field.value;
      return IsFirst(kAuthority);
    case FieldKind::kHost:
      if (Fits(field) && start.authority.empty()) start.authority = field.value;
      return IsFirst(kHost);
    case FieldKind::kContentLength:
      Fits(field);
      return IsFirst(kLength) && TakeLength(field.value);
    case FieldKind::kTeTrailers:
      takes_trailers_ = Fits(field) || takes_trailers_;
      return true;
    case FieldKind::kGrpcContentType:
    case FieldKind::kOtherContentType:
      if (Fits(field)) is_grpc_ = kind == FieldKind::kGrpcContentType;
      return true;
    case FieldKind::kTimeout:
      if (Fits(field)) TakeTimeout(field.value);
      return true;
    case FieldKind::kEncoding:
      if (Fits(field)) TakeEncoding(field.value);
      return true;
    case FieldKind::kAcceptEncoding:
      if (Fits(field)) accepts_gzip_ = ListHas(field.value, "gzip");
      return true;
    case FieldKind::kMetadata:
      if (Fits(field)) TakeMetadata(field, start);
      return true;
    case FieldKind::kReserved:
      Fits(field);
      return true;
    case FieldKind::kIllegal:
      return true;
    case FieldKind::kConnection:
    case FieldKind::kMalformed:
      return false;
  }
  return false;
}

void RequestHeaders::TakeMetadata(const RequestField& field, CallStart& start) {
  if (AddReceived(field.name, field.value, start.metadata)) return;
  Fault(InternalError("metadata " + std::string(field.name) + " is not base64"));
}

// RFC 9110, section 8.6.
bool RequestHeaders::TakeLength(std::string_view value) {
  constexpr int64_t kLargest = (kNoLength - 9) / 10;
  int64_t length = 0;
  for (const char digit : value) {
    if (digit < '0' || digit > '9' || length > kLargest) return false;
    length = length * 10 + (digit - '0');
  }
  // In trailers it is too late for what has come.
  body_left_ = length - (kNoLength - body_left_);
  return !value.empty() && body_left_ >= 0;
}

void RequestHeaders::TakeTimeout(std::string_view value) {
  timeout_ = ParseTimeout(value);
  if (!timeout_) Fault(InternalError("grpc-timeout '" + std::string(value) + "' is malformed"));
}

void RequestHeaders::TakeEncoding(std::string_view value) {
  const std::optional<Encoding> encoding = ParseEncoding(value);
  if (!encoding) return Fault(UnimplementedError("grpc-encoding '" + std::string(value) + "' is not supported"));
  encoding_ = *encoding;
}

void RequestHeaders::Fault(Status status) {
  if (fault_.ok()) fault_ = std::move(status);
}

bool RequestHeaders::End() {
  ended_ = pseudo_over_ = true;
  if (method_ == FieldKind::kConnect) return (seen_ & (kScheme | kPath)) == 0 && (seen_ & kAuthority) != 0;
  constexpr uint8_t kAll = kMethod | kScheme | kPath;
  if ((seen_ & kAll) != kAll || (seen_ & (kAuthority | kHost)) == 0) return false;
  return scheme_ == FieldKind::kOtherScheme || path_ == FieldKind::kPath ||
         (path_ == FieldKind::kAsterisk && method_ == FieldKind::kOptions);
}

std::optional<RequestHeaders::Refusal> RequestHeaders::Judge(const CallStart& start) const {
  if (left_ < 0) {
    return Refusal{.status = ResourceExhaustedError("the header fields are larger than the limit of " + std::to_string(limit_))};
  }
  if (method_ != FieldKind::kPost) return Refusal{.http_status = 405, .status = InternalError("the method of HTTP is not POST")};
  if (!is_grpc_) {
    return Refusal{.http_status = 415, .status = InternalError("the content-type is neither application/grpc nor application/grpc+proto")};
  }
  if (!takes_trailers_) return Refusal{.status = InternalError("there is no header te: trailers")};
  if (path_ != FieldKind::kPath) return Refusal{.status = UnimplementedError("'" + start.path + "' is not /Service/Method")};
  if (!fault_.ok()) return Refusal{.status = fault_};
  return std::nullopt;
}

}  // namespace rota::native
