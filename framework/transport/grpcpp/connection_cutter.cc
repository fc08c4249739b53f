#include "framework/transport/grpcpp/connection_cutter.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "framework/base/log.h"
#include "framework/base/status.h"

namespace rota::grpcpp {
namespace {

// One end of a TCP connection. IPv4 as IPv6 maps it, as a socket that listens to both shows it.
struct End {
  in6_addr host{};
  uint16_t port = 0;

  bool operator==(const End& other) const { return port == other.port && IN6_ARE_ADDR_EQUAL(&host, &other.host); }
};

in6_addr Mapped(const in_addr& host) {
  in6_addr mapped{};
  mapped.s6_addr[10] = mapped.s6_addr[11] = 0xff;
  std::memcpy(&mapped.s6_addr[12], &host, sizeof(host));
  return mapped;
}

std::optional<End> ToEnd(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  End end;
  const std::string_view port = address.substr(colon + 1);
  if (std::from_chars(port.data(), port.data() + port.size(), end.port).ec != std::errc()) return std::nullopt;
  std::string host(address.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    // The zone: a connection is known without it.
    host.resize(std::min(host.size(), host.find('%')));
    return inet_pton(AF_INET6, host.c_str(), &end.host) == 1 ? std::optional(end) : std::nullopt;
  }
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) != 1) return std::nullopt;
  end.host = Mapped(v4);
  return end;
}

// `get`: getpeername or getsockname.
template <typename Get>
std::optional<End> EndOf(int fd, Get get) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (get(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return std::nullopt;
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return End{Mapped(v4.sin_addr), ntohs(v4.sin_port)};
  }
  if (address.ss_family != AF_INET6) return std::nullopt;
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  return End{v6.sin6_addr, ntohs(v6.sin6_port)};
}

bool WasAcceptedOn(const std::vector<uint16_t>& ports, int fd) {
  const std::optional<End> own = EndOf(fd, getsockname);
  return own && std::find(ports.begin(), ports.end(), own->port) != ports.end();
}

// gRPC may close `fd` at any moment, and the number may be another one's then: only what a descriptor of our own shows is sure. Nothing if it
// is another one's.
std::optional<Status> EndConnection(int fd, const End& peer, const std::vector<uint16_t>& ports) {
  const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return errno == EBADF ? std::nullopt : std::optional(ErrnoToStatus(errno, "dup"));
  std::optional<Status> ended;
  if (EndOf(own, getpeername) == peer && WasAcceptedOn(ports, own)) {
    // shutdown() leaves to gRPC what has come, and what a peer goes on to send: better than nothing, where the kernel knows no other way.
    const sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
    if (connect(own, &nobody, sizeof(nobody)) == 0 || shutdown(own, SHUT_RDWR) == 0) {
      ended = OkStatus();
    } else {
      ended = ErrnoToStatus(errno, "shutdown");
    }
  }
  close(own);
  return ended;
}

void LogFailure(const std::string& peer, const Status& status) {
  Log(LogLevel::kWarn, "cut_failed", {{"peer", peer}, {"what", status.ToString()}});
}

}  // namespace

void ConnectionCutter::Cut(std::string peer, const char* why) {
  {
    const std::lock_guard lock(mutex_);
    if (std::any_of(orders_.begin(), orders_.end(), [&](const Order& order) { return order.peer == peer; })) return;
    orders_.push_back({std::move(peer), why});
  }
  changed_.notify_one();
  if (!thread_.joinable()) Start();
}

void ConnectionCutter::Start() {
  try {
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  } catch (const std::system_error& error) {
    const std::lock_guard lock(mutex_);
    for (const Order& order : std::exchange(orders_, {})) LogFailure(order.peer, UnavailableError(std::string("no thread for it: ") + error.what()));
  }
}

void ConnectionCutter::Run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !orders_.empty(); }) && !stop.stop_requested()) {
    const std::vector<Order> orders = std::exchange(orders_, {});
    lock.unlock();
    Search(orders);
    lock.lock();
  }
}

void ConnectionCutter::Search(const std::vector<Order>& orders) const {
  std::vector<std::optional<End>> peers;
  for (const Order& order : orders) {
    peers.push_back(ToEnd(order.peer));
    if (!peers.back()) LogFailure(order.peer, InvalidArgumentError("not the address of a connection"));
  }
  std::error_code error;
  for (std::filesystem::directory_iterator descriptors("/proc/self/fd", error); !error && descriptors != std::filesystem::directory_iterator();
       descriptors.increment(error)) {
    const std::string name = descriptors->path().filename();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    const std::optional<End> peer = EndOf(fd, getpeername);
    if (!peer) continue;
    const auto found = std::find(peers.begin(), peers.end(), peer);
    if (found == peers.end() || !WasAcceptedOn(ports_, fd)) continue;
    const Order& order = orders[static_cast<size_t>(found - peers.begin())];
    const std::optional<Status> ended = EndConnection(fd, *peer, ports_);
    if (!ended) continue;
    if (ended->ok()) {
      Log(LogLevel::kWarn, "connection_ended", {{"peer", order.peer}, {"reason", order.why}});
    } else {
      LogFailure(order.peer, *ended);
    }
  }
  if (!error) return;
  for (const Order& order : orders) LogFailure(order.peer, ErrnoToStatus(error.value(), "look for its descriptor"));
}

}  // namespace rota::grpcpp
