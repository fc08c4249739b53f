#ifndef ROTA_TRANSPORT_GRPCPP_INFLATE_H_
#define ROTA_TRANSPORT_GRPCPP_INFLATE_H_

#include <grpc/byte_buffer.h>

#include <cstddef>

#include "framework/base/status_or.h"
#include "framework/rpc/payload.h"

namespace rota::grpcpp {

// Unpacks a message that came compressed by gzip or deflate (zlib). gRPC would do that as well, but with no limit on what
// comes out, so that 4 MiB could become 4 GiB.
// Thread: any.
// Errors: RESOURCE_EXHAUSTED when it unpacks to more than `limit` bytes, of which no more than that are ever held; INTERNAL
//         when the bytes are no such stream, or end too early or too late.
StatusOr<Payload> Inflate(grpc_byte_buffer* compressed, size_t limit);

}  // namespace rota::grpcpp

#endif  // ROTA_TRANSPORT_GRPCPP_INFLATE_H_
