#ifndef ROTA_TRANSPORT_GRPCPP_CREDENTIALS_H_
#define ROTA_TRANSPORT_GRPCPP_CREDENTIALS_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "framework/base/status_or.h"
#include "framework/rpc/transport.h"

namespace rota::grpcpp {

// What gRPC's server needs for `tls`, or for plain text. gRPC looks at the files every few seconds, on a thread of its own,
// so a certificate is renewed without a restart.
// Thread: loop. Reads the files.
// Errors: INVALID_ARGUMENT when only one of certificate and key is given; else what kept a file from being read, with its
//         name. What the files hold is only seen with the first handshake, which then fails.
StatusOr<std::shared_ptr<grpc::ServerCredentials>> NewCredentials(const TlsFiles& tls);

}  // namespace rota::grpcpp

#endif  // ROTA_TRANSPORT_GRPCPP_CREDENTIALS_H_
