#ifndef ROTA_TRANSPORT_GRPCPP_LISTEN_ADDRESS_H_
#define ROTA_TRANSPORT_GRPCPP_LISTEN_ADDRESS_H_

#include <string>
#include <string_view>

#include "framework/base/status.h"

namespace rota::grpcpp {

// Whether one can listen on `address`, "HOST:PORT": gRPC itself says only that it failed, so the reason is found out first
// by binding a socket for a moment.
// Thread: any. Blocks for the resolver when HOST is a name.
// Errors: "cannot listen on HOST:PORT: ..." with the reason: no such form, an unknown host, "port 80 of HOST is in use",
//         no permission.
Status CheckListenAddress(const std::string& address);

// `address` with `port` in the place of its own.
std::string WithPort(std::string_view address, int port);

}  // namespace rota::grpcpp

#endif  // ROTA_TRANSPORT_GRPCPP_LISTEN_ADDRESS_H_
