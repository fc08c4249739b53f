#ifndef ROTA_TRANSPORT_NATIVE_COMPRESSION_H_
#define ROTA_TRANSPORT_NATIVE_COMPRESSION_H_

#include <cstddef>
#include <optional>
#include <string_view>

#include "framework/base/status_or.h"
#include "framework/rpc/payload.h"

// The encodings of messages. A message is compressed by itself; nothing is kept from one to the next.
// Thread: any. Blocks for the work that it is.
// Source: https://github.com/grpc/grpc/blob/master/doc/compression.md.
namespace rota::native {

enum class Encoding { kIdentity, kGzip };

// The value of grpc-accept-encoding: what this side reads.
inline constexpr std::string_view kAcceptedEncodings = "identity, gzip";

// The encoding called `name` in grpc-encoding; nothing when it is unknown.
std::optional<Encoding> ParseEncoding(std::string_view name);
// Whether a list as in grpc-accept-encoding has `name`.
bool ListHas(std::string_view list, std::string_view name);

// The message in `compressed`, of which no more than `limit` bytes are ever made.
// Errors: RESOURCE_EXHAUSTED when it is longer than `limit`, or says so in its last bytes after a sound beginning; INTERNAL when it is
//         not gzip, or not the whole of `compressed` is.
StatusOr<Payload> Gunzip(std::string_view compressed, size_t limit);
// `message` compressed, fast rather than small; nothing when that would not make it shorter.
std::optional<Payload> Gzip(std::string_view message);

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_COMPRESSION_H_
