#ifndef ROTA_TRANSPORT_GRPCPP_GRPCPP_SERVER_H_
#define ROTA_TRANSPORT_GRPCPP_GRPCPP_SERVER_H_

#include <memory>

#include "framework/rpc/transport.h"

namespace rota {

class EventLoop;

// A server on the gRPC C++ library. One thread waits for what completes there and hands it over to the loop in batches, three are there for the library
// to read in (Bridge); it starts others of its own.
// Thread: loop. `loop` must outlive the server.
// Errors: a message longer than max_message_bytes ends its call as transport.h says. One longer than twice that (and than
//         64 KiB more) is cut off by gRPC while it comes in: the peer gets RESOURCE_EXHAUSTED with a text of gRPC,
//         "Received message larger than max (N vs. M)", and the sink hears CANCELLED.
// Memory: besides the messages that the sink gave credit for, at most one more of each call is read ahead, so that the half-close
//         is seen without credit.
// Limits: a peer that resets more of the calls which Rota hears of than ResetBudget allows, or has more than 4,000 that are not over, is cut off, with
//         a reset of its TCP connection and connection_ended in the log. The 4,000 count what waits for the loop, so that a connection on which many
//         time out while the loop stands still may be cut. One over a Unix domain socket is not: gRPC does not show which calls are its own. There is
//         no bound over all connections: beyond 64,000 calls that wait for the loop, more wait inside of gRPC.
// Not promised: the order of metadata with different keys, which gRPC sorts. Incoming metadata that starts with "grpc-"
//         is dropped except grpc-trace-bin. Outgoing metadata that gRPC does not carry (an illegal or reserved key, an
//         illegal value) is logged and dropped. gRPC answers by itself what is no legal gRPC request.
// Drain:  a call that reaches gRPC after its shutdown has begun and before its peer has seen the GOAWAY is ended by gRPC with
//         CANCELLED, and Rota never hears of it: gRPC 1.51 closes its doors before it tells. The transport native waits in
//         between.
// Shutdown: the destructor ends the calls with UNAVAILABLE and drops the `done` of a drain that runs. It must not be called
//         from OnMessage(), OnHalfClose() or OnWritable() of its own calls.
std::unique_ptr<Server> NewGrpcppServer(EventLoop& loop, const ServerOptions& options);

}  // namespace rota

#endif  // ROTA_TRANSPORT_GRPCPP_GRPCPP_SERVER_H_
