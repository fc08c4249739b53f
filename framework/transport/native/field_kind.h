#ifndef ROTA_TRANSPORT_NATIVE_FIELD_KIND_H_
#define ROTA_TRANSPORT_NATIVE_FIELD_KIND_H_

#include <cstdint>
#include <string_view>

namespace rota::native {

// What a header field of a request is, as far as its name and its value alone can tell.
enum class FieldKind : uint8_t {
  // Pseudo-header fields, which come before all others.
  kPost,
  kConnect,
  kOptions,
  kOtherMethod,
  kHttpScheme,  // or https
  kOtherScheme,
  kPath,  // begins with '/'
  kAsterisk,
  kOtherPath,
  kAuthority,
  // Those of HTTP.
  kHost,
  kContentLength,
  kTeTrailers,
  kGrpcContentType,
  kOtherContentType,
  // Those of gRPC.
  kTimeout,
  kEncoding,
  kAcceptEncoding,
  // Has no meaning here and is not metadata.
  kReserved,
  // Its name or its value has characters that no field may have; it is passed over.
  kIllegal,
  // Of a connection of HTTP/1; only a name is of this kind.
  kConnection,
  // Anything else.
  kMetadata,
  // No request may have it: the stream is to be reset with PROTOCOL_ERROR.
  kMalformed,
};

constexpr bool IsPseudo(FieldKind kind) { return kind <= FieldKind::kAuthority; }

// Fields of this kind all mean the same: who knows the kind need not see name and value.
constexpr bool SaysAll(FieldKind kind) {
  switch (kind) {
    case FieldKind::kPost:
    case FieldKind::kConnect:
    case FieldKind::kOptions:
    case FieldKind::kHttpScheme:
    case FieldKind::kTeTrailers:
    case FieldKind::kGrpcContentType:
    case FieldKind::kOtherContentType:
    case FieldKind::kReserved:
    case FieldKind::kIllegal:
    case FieldKind::kMalformed:
      return true;
    default:
      return false;
  }
}

// By the rules that nghttp2 has for requests, which are those of the RFC, but for illegal fields that are no pseudo-header
// fields, which do not spoil the request. In two steps, because names come again more often than values: the kind that a field
// of this name has in most requests of gRPC, and with it the kind of one that has this value.
// Thread: any.
// Source: RFC 9113, sections 8.2 and 8.3; RFC 9110, section 5.5.
FieldKind UsualKind(std::string_view name);
FieldKind KindOf(FieldKind usual, std::string_view value);

// A field and what it is.
struct RequestField {
  RequestField() = default;
  RequestField(std::string_view name, std::string_view value) : RequestField(name, value, UsualKind(name)) {}
  RequestField(std::string_view name, std::string_view value, FieldKind usual)
      : name(name), value(value), list_bytes(static_cast<uint32_t>(name.size() + value.size() + 32)), kind(KindOf(usual, value)) {}

  std::string_view name;
  std::string_view value;
  // As HTTP/2 counts it: name, value and 32 (RFC 9113, section 10.5.1).
  uint32_t list_bytes = 0;
  FieldKind kind = FieldKind::kIllegal;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_FIELD_KIND_H_
