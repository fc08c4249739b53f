#include "framework/transport/native/listen_socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace rota::native {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr int kBacklog = 4096;  // The kernel takes no more than net.core.somaxconn.

struct HostAndPort {
  std::string host;  // Without brackets.
  uint16_t port = 0;
};

bool Split(std::string_view address, HostAndPort* parts) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const char* const end = address.data() + address.size();
  const auto parsed = std::from_chars(address.data() + colon + 1, end, parts->port);
  if (parsed.ec != std::errc() || parsed.ptr != end) return false;
  std::string_view host = address.substr(0, colon);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return false;
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return false;  // IPv6 without brackets.
  }
  parts->host = host;
  return true;
}

// Closes the descriptors unless Release() was called.
class FdList {
 public:
  ~FdList() {
    for (const int fd : fds_) close(fd);
  }
  void Add(int fd) { fds_.push_back(fd); }
  bool empty() const { return fds_.empty(); }
  std::vector<int> Release() { return std::exchange(fds_, {}); }

 private:
  std::vector<int> fds_;
};

uint16_t PortOf(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  if (bound.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(bound).sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in&>(bound).sin_port);
}

void SetPort(sockaddr* address, uint16_t port) {
  if (address->sa_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(address)->sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in*>(address)->sin_port = htons(port);
  }
}

bool IsAnyIpv6(const sockaddr* address) {
  return address->sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

// The descriptor, or minus the errno.
int BindAndListen(const sockaddr* address, socklen_t size) {
  const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  const int on = 1;
  // A port in TIME_WAIT is free.
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (address->sa_family == AF_INET6) {
    // "[::]" serves both families; another address of IPv6 only its own.
    const int v6_only = IsAnyIpv6(address) ? 0 : 1;
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof(v6_only));
  }
  if (bind(fd, address, size) == 0 && listen(fd, kBacklog) == 0) return fd;
  const int error = errno;
  close(fd);
  return -error;
}

StatusOr<ListenSockets> ListenTcp(const std::string& address) {
  HostAndPort parts;
  if (!Split(address, &parts)) return InvalidArgumentError("an address is HOST:PORT, [IPV6]:PORT or unix:PATH");
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(parts.host.c_str(), std::to_string(parts.port).c_str(), &hints, &found); error != 0) {
    return InvalidArgumentError("host '" + parts.host + "': " + gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> endpoints(found, &freeaddrinfo);
  FdList fds;
  uint16_t port = parts.port;
  int error = EADDRNOTAVAIL;
  for (const addrinfo* endpoint = found; endpoint != nullptr; endpoint = endpoint->ai_next) {
    // All addresses of a name get the port that the first one got.
    SetPort(endpoint->ai_addr, port);
    const int fd = BindAndListen(endpoint->ai_addr, endpoint->ai_addrlen);
    if (fd == -EADDRINUSE) return AlreadyExistsError("port " + std::to_string(port) + " of " + parts.host + " is in use");
    if (fd < 0) {
      // A name may stand for addresses of which this machine has only some.
      error = -fd;
      continue;
    }
    fds.Add(fd);
    if (port == 0) port = PortOf(fd);
  }
  if (fds.empty()) return ErrnoToStatus(error, "bind");
  return ListenSockets{fds.Release(), address.substr(0, address.rfind(':') + 1) + std::to_string(port)};
}

// Whether `path` is a socket that was left behind by a process that is gone.
bool IsAbandoned(const std::string& path, const sockaddr_un& address) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) return false;
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool refused = fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 && errno == ECONNREFUSED;
  if (fd >= 0) close(fd);
  return refused;
}

StatusOr<ListenSockets> ListenUnix(const std::string& name) {
  const std::string path = name.substr(kUnixPrefix.size());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return InvalidArgumentError("a path of a Unix domain socket has 1 to " + std::to_string(sizeof(address.sun_path) - 1) + " bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  int fd = BindAndListen(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  if (fd == -EADDRINUSE && IsAbandoned(path, address) && unlink(path.c_str()) == 0) {
    fd = BindAndListen(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  if (fd == -EADDRINUSE) return AlreadyExistsError(path + " is in use");
  if (fd < 0) return ErrnoToStatus(-fd, "bind");
  return ListenSockets{{fd}, name};
}

}  // namespace

StatusOr<ListenSockets> OpenListenSockets(const std::string& address) {
  StatusOr<ListenSockets> sockets = address.starts_with(kUnixPrefix) ? ListenUnix(address) : ListenTcp(address);
  if (!sockets.ok()) return std::move(sockets).status().WithPrefix("cannot listen on " + address);
  return sockets;
}

std::string PeerName(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return std::string(text) + ":" + std::to_string(ntohs(v4.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    return "[" + std::string(text) + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  return std::string(kUnixPrefix);
}

}  // namespace rota::native
