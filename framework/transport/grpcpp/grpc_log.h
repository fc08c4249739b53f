#ifndef ROTA_TRANSPORT_GRPCPP_GRPC_LOG_H_
#define ROTA_TRANSPORT_GRPCPP_GRPC_LOG_H_

namespace rota::grpcpp {

// Makes gRPC log through Log() instead of to stderr, for the whole process: its errors as warnings, because what they mean
// for a call or a server is said where that is handled; the rest for debugging.
// Thread: any; may be called again.
void RouteGrpcLog();

}  // namespace rota::grpcpp

#endif  // ROTA_TRANSPORT_GRPCPP_GRPC_LOG_H_
