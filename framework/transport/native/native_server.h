#ifndef ROTA_TRANSPORT_NATIVE_NATIVE_SERVER_H_
#define ROTA_TRANSPORT_NATIVE_NATIVE_SERVER_H_

#include <memory>

#include "framework/rpc/transport.h"

namespace rota {

class EventLoop;

// A server of gRPC that speaks HTTP/2 by libnghttp2 on sockets of the loop: no thread but the loop's.
// Thread: loop. `loop` must outlive the server.
// Addresses: also "unix:PATH".
// Errors: what is no gRPC request is answered by the transport: HTTP 405 and 415 for a method other than POST and a content-type
//         other than application/grpc, INTERNAL for a malformed header, UNIMPLEMENTED for an unknown encoding. A message that
//         is longer than max_message_bytes ends its call before memory is taken for it.
// Order:  what is written in one phase is sent at its end, or earlier where many calls have something to send; for each connection with
//         one system call, where the socket takes it, for up to 256 KiB, 64 of them in short pieces (see Output).
// Drain:  GOAWAY in two steps (RFC 9113, section 6.8), so that no call fails that a peer has sent before it heard of it.
// Shutdown: the destructor ends the calls with UNAVAILABLE and drops the `done` of a drain that runs. It must not be called from
//         a sink of its own calls.
std::unique_ptr<Server> NewNativeServer(EventLoop& loop, const ServerOptions& options);

}  // namespace rota

#endif  // ROTA_TRANSPORT_NATIVE_NATIVE_SERVER_H_
