#include "framework/transport/grpcpp/listen_address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <memory>

namespace rota::grpcpp {
namespace {

struct HostAndPort {
  std::string host;  // Without brackets.
  std::string port;
};

bool IsPort(std::string_view text) {
  uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, port);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

bool Split(std::string_view address, HostAndPort* parts) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || !IsPort(address.substr(colon + 1))) return false;
  std::string_view host = address.substr(0, colon);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return false;
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return false;  // IPv6 without brackets, or another scheme of gRPC.
  }
  *parts = {std::string(host), std::string(address.substr(colon + 1))};
  return true;
}

// 0, or the errno that says why an endpoint cannot be bound.
int TryBind(const addrinfo& endpoint) {
  const int fd = socket(endpoint.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int on = 1;
  // As gRPC does: a port in TIME_WAIT is free.
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (endpoint.ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  const int error = bind(fd, endpoint.ai_addr, endpoint.ai_addrlen) == 0 ? 0 : errno;
  close(fd);
  return error;
}

Status TryBindAny(const HostAndPort& parts, const addrinfo* endpoints) {
  int error = EADDRNOTAVAIL;
  bool bound = false;
  for (; endpoints != nullptr; endpoints = endpoints->ai_next) {
    const int result = TryBind(*endpoints);
    if (result == EADDRINUSE) return AlreadyExistsError("port " + parts.port + " of " + parts.host + " is in use");
    if (result == 0) bound = true;
    error = result;
  }
  // A name may stand for addresses of which this machine has only some.
  return bound ? OkStatus() : ErrnoToStatus(error, "bind");
}

Status Check(const std::string& address) {
  HostAndPort parts;
  if (!Split(address, &parts)) return InvalidArgumentError("an address is HOST:PORT or [IPV6]:PORT");
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(parts.host.c_str(), parts.port.c_str(), &hints, &found); error != 0) {
    return InvalidArgumentError("host '" + parts.host + "': " + gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> endpoints(found, &freeaddrinfo);
  return TryBindAny(parts, endpoints.get());
}

}  // namespace

Status CheckListenAddress(const std::string& address) { return Check(address).WithPrefix("cannot listen on " + address); }

std::string WithPort(std::string_view address, int port) {
  return std::string(address.substr(0, address.rfind(':') + 1)) + std::to_string(port);
}

}  // namespace rota::grpcpp
