#ifndef ROTA_TRANSPORT_NATIVE_ENCODING_H_
#define ROTA_TRANSPORT_NATIVE_ENCODING_H_

#include <optional>
#include <string_view>

// The encodings of messages, as the headers name them.
// Thread: any.
// Source: https://github.com/grpc/grpc/blob/master/doc/compression.md.
namespace rota::native {

enum class Encoding { kIdentity, kGzip };

// The value of grpc-accept-encoding: what this side reads.
inline constexpr std::string_view kAcceptedEncodings = "identity, gzip";

// The encoding called `name` in grpc-encoding; nothing when it is unknown.
std::optional<Encoding> ParseEncoding(std::string_view name);
// Whether a list as in grpc-accept-encoding has `name`.
bool ListHas(std::string_view list, std::string_view name);

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_ENCODING_H_
