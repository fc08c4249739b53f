#ifndef ROTA_TRANSPORT_GRPCPP_CONVERSIONS_H_
#define ROTA_TRANSPORT_GRPCPP_CONVERSIONS_H_

#include <grpc/byte_buffer.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <map>
#include <string>
#include <string_view>

#include "framework/base/clock.h"
#include "framework/base/status.h"
#include "framework/base/status_or.h"
#include "framework/context/metadata.h"
#include "framework/rpc/payload.h"
#include "framework/rpc/transport.h"

// What Rota and gRPC say in words of their own, from one to the other. Thread: any.
namespace rota::grpcpp {

// gRPC holds on to the bytes of `payload` and frees them; short ones are copied. `is_gzip`: they are, and go out as such.
grpc::ByteBuffer ToByteBuffer(Payload payload, bool is_gzip = false);
// One copy, of `bytes` as they came.
Payload ToPayload(grpc_byte_buffer* bytes);

grpc::Status ToGrpcStatus(const Status& status);

// Whose call that of `context` is, as PeerAddress() gives it.
std::string PeerOf(const grpc::GenericServerContext& context);
// What the peer, which is `peer`, said when it opened the call of `context`. `now` is the time of the loop, in which the deadline is given.
// Errors: RESOURCE_EXHAUSTED where its header fields are larger than kMaxHeaderBytes. gRPC's own limit counts each frame of them anew.
StatusOr<CallStart> ToCallStart(grpc::GenericServerContext& context, std::string peer, TimePoint now);
// "ipv4:127.0.0.1:80" is "127.0.0.1:80"; "ipv6:%5B::1%5D:80" is "[::1]:80".
std::string PeerAddress(std::string_view uri);

// Why gRPC does not carry `key` with `value` as custom metadata; null when it does.
const char* WhyNotSendable(const std::string& key, const std::string& value);

}  // namespace rota::grpcpp

#endif  // ROTA_TRANSPORT_GRPCPP_CONVERSIONS_H_
