#ifndef ROTA_TRANSPORT_NATIVE_LISTEN_SOCKET_H_
#define ROTA_TRANSPORT_NATIVE_LISTEN_SOCKET_H_

#include <sys/socket.h>

#include <string>
#include <vector>

#include "framework/base/status_or.h"

namespace rota::native {

// The sockets that listen on one address, not yet accepting.
struct ListenSockets {
  std::vector<int> fds;  // A name may stand for several addresses. Owned by the receiver.
  std::string address;   // As given, with the port that was bound.
};

// Listens on "HOST:PORT", "[IPV6]:PORT" or "unix:PATH". A PATH on which nobody listens any more is taken over.
// Thread: any. Blocks for the resolver when HOST is a name.
// Errors: "cannot listen on HOST:PORT: ..." with the reason: no such form, an unknown host, "port 80 of HOST is in use",
//         no permission. Nothing stays open.
StatusOr<ListenSockets> OpenListenSockets(const std::string& address);

// "127.0.0.1:50412", "[::1]:50412", "unix:" for a peer at the other end of a Unix domain socket.
std::string PeerName(const sockaddr_storage& address);

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_LISTEN_SOCKET_H_
