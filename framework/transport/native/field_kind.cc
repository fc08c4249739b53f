#include "framework/transport/native/field_kind.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstddef>

#include "framework/transport/native/metadata_codec.h"

namespace rota::native {
namespace {

const uint8_t* Bytes(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool IsLetter(char c) { return Lower(c) >= 'a' && Lower(c) <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsBlank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\t'; });
}

// `lower` is in lower case.
bool IsWord(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) { return Lower(a) == b; });
}

// RFC 3986, section 3.1.
bool IsScheme(std::string_view text) {
  return !text.empty() && IsLetter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsLetter(c) || IsDigit(c) || c == '+' || c == '-' || c == '.'; });
}

// "application/grpc", alone or followed by "+proto", and by parameters. Messages of another kind ("+json") cannot be read here.
bool IsGrpcContentType(std::string_view value) {
  constexpr std::string_view kGrpc = "application/grpc", kProto = "+proto";
  if (!value.starts_with(kGrpc)) return false;
  value.remove_prefix(kGrpc.size());
  if (value.starts_with(kProto)) value.remove_prefix(kProto.size());
  return value.empty() || value.front() == ';';
}

// Both look at all of it, whatever comes, so that the compiler takes many characters at once.
bool HasBlanksOrControls(std::string_view text) {
  uint8_t found = 0;
  for (const char c : text) {
    const uint8_t byte = static_cast<uint8_t>(c);
    found |= static_cast<uint8_t>(byte <= ' ') | static_cast<uint8_t>(byte == 0x7f);
  }
  return found != 0;
}
bool HasControls(std::string_view text) {
  uint8_t found = 0;
  for (const char c : text) {
    const uint8_t byte = static_cast<uint8_t>(c);
    found |= (static_cast<uint8_t>(byte < ' ') & static_cast<uint8_t>(byte != '\t')) | static_cast<uint8_t>(byte == 0x7f);
  }
  return found != 0;
}

bool IsValue(std::string_view value) {
  return !HasControls(value) && (value.empty() || !(IsBlank(value.substr(0, 1)) || IsBlank(value.substr(value.size() - 1))));
}
bool IsAuthority(std::string_view value) { return nghttp2_check_authority(Bytes(value), value.size()) != 0; }

FieldKind KindOfMethod(std::string_view value) {
  if (nghttp2_check_method(Bytes(value), value.size()) == 0) return FieldKind::kMalformed;
  if (value == "POST") return FieldKind::kPost;
  if (value == "CONNECT") return FieldKind::kConnect;
  return value == "OPTIONS" ? FieldKind::kOptions : FieldKind::kOtherMethod;
}

FieldKind KindOfPath(std::string_view value) {
  if (HasBlanksOrControls(value)) return FieldKind::kMalformed;
  if (value.front() == '/') return FieldKind::kPath;
  return value == "*" ? FieldKind::kAsterisk : FieldKind::kOtherPath;
}

FieldKind KindOfScheme(std::string_view value) {
  if (!IsScheme(value)) return FieldKind::kMalformed;
  return IsWord(value, "http") || IsWord(value, "https") ? FieldKind::kHttpScheme : FieldKind::kOtherScheme;
}

FieldKind KindOfPseudo(FieldKind usual, std::string_view value) {
  if (IsBlank(value)) return FieldKind::kMalformed;
  switch (usual) {
    case FieldKind::kPost:
      return KindOfMethod(value);
    case FieldKind::kPath:
      return KindOfPath(value);
    case FieldKind::kHttpScheme:
      return KindOfScheme(value);
    default:
      return IsAuthority(value) ? FieldKind::kAuthority : FieldKind::kMalformed;
  }
}

FieldKind UsualOfPseudo(std::string_view name) {
  if (name == ":method") return FieldKind::kPost;
  if (name == ":path") return FieldKind::kPath;
  if (name == ":scheme") return FieldKind::kHttpScheme;
  return name == ":authority" ? FieldKind::kAuthority : FieldKind::kMalformed;
}

bool HasUpperCase(std::string_view name) {
  return std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

FieldKind UsualOfGrpc(std::string_view name) {
  if (name == "grpc-timeout") return FieldKind::kTimeout;
  if (name == "grpc-encoding") return FieldKind::kEncoding;
  return name == "grpc-accept-encoding" ? FieldKind::kAcceptEncoding : FieldKind::kReserved;
}

}  // namespace

FieldKind UsualKind(std::string_view name) {
  const bool pseudo = name.starts_with(':');
  if (nghttp2_check_header_name(Bytes(name), name.size()) == 0) {
    return pseudo || HasUpperCase(name) ? FieldKind::kMalformed : FieldKind::kIllegal;
  }
  if (pseudo) return UsualOfPseudo(name);
  if (!IsReservedKey(name)) return FieldKind::kMetadata;
  if (name.starts_with("grpc-")) return UsualOfGrpc(name);
  if (name == "host") return FieldKind::kHost;
  if (name == "content-type") return FieldKind::kGrpcContentType;
  if (name == "content-length") return FieldKind::kContentLength;
  // What is left belongs to one connection of HTTP/1 (RFC 9113, section 8.2.2).
  return name == "te" ? FieldKind::kTeTrailers : FieldKind::kConnection;
}

FieldKind KindOf(FieldKind usual, std::string_view value) {
  if (usual == FieldKind::kMalformed || usual == FieldKind::kIllegal) return usual;
  if (IsPseudo(usual)) return KindOfPseudo(usual, value);
  if (usual == FieldKind::kHost) {
    if (!IsAuthority(value)) return FieldKind::kIllegal;
    return IsBlank(value) ? FieldKind::kMalformed : FieldKind::kHost;
  }
  if (!IsValue(value)) return FieldKind::kIllegal;
  switch (usual) {
    case FieldKind::kConnection:
      return FieldKind::kMalformed;
    case FieldKind::kGrpcContentType:
      return IsGrpcContentType(value) ? usual : FieldKind::kOtherContentType;
    case FieldKind::kTeTrailers:
      if (value == "trailers") return usual;
      return IsWord(value, "trailers") ? FieldKind::kReserved : FieldKind::kMalformed;
    default:
      return usual;
  }
}

}  // namespace rota::native
