#include "tests/socket_calls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

namespace rota {
namespace {

SocketCalls* current = nullptr;

uint16_t PeerOf(int fd) {
  sockaddr_in peer{};
  socklen_t size = sizeof(peer);
  return getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 ? ntohs(peer.sin_port) : uint16_t{0};
}

}  // namespace

SocketCalls::SocketCalls() { current = this; }
SocketCalls::~SocketCalls() { current = nullptr; }

size_t SocketCalls::CountTo(uint16_t peer) const {
  return static_cast<size_t>(std::count_if(writes.begin(), writes.end(), [&](const Write& write) { return write.peer == peer; }));
}

size_t SocketCalls::BytesTo(uint16_t peer) const {
  size_t bytes = 0;
  for (const Write& write : writes) bytes += write.peer == peer ? write.bytes : 0;
  return bytes;
}

bool SocketCalls::AwaitFrom(uint16_t peer, size_t bytes) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (int there = 0; ioctl(peers_.at(peer).fd, FIONREAD, &there) == 0;) {
    if (static_cast<size_t>(there) >= bytes) return true;
    if (std::chrono::steady_clock::now() > end) break;
    std::this_thread::yield();
  }
  return false;
}

void SocketCalls::Feed(uint16_t peer, std::string period, size_t bytes) {
  peers_[peer].period = std::move(period);
  peers_[peer].left = bytes;
}

uint16_t SocketCalls::PortOf(int fd) {
  sockaddr_in here{};
  socklen_t size = sizeof(here);
  return getsockname(fd, reinterpret_cast<sockaddr*>(&here), &size) == 0 ? ntohs(here.sin_port) : uint16_t{0};
}

ssize_t SocketCalls::OnSend(int fd, const msghdr& message, int flags) {
  if (on_write) on_write(message);
  const uint16_t peer = PeerOf(fd);
  Peer& known = peers_[peer];
  known.fd = fd;
  ssize_t size = 0;
  if (known.swallows) {
    for (size_t i = 0; i < message.msg_iovlen; ++i) size += static_cast<ssize_t>(message.msg_iov[i].iov_len);
  } else {
    size = syscall(SYS_sendmsg, fd, &message, flags);
  }
  if (size > 0) writes.push_back({.peer = peer, .bytes = static_cast<size_t>(size)});
  return size;
}

ssize_t SocketCalls::OnReceive(int fd, void* buffer, size_t size, int flags) {
  const auto known = peers_.find(PeerOf(fd));
  if (known == peers_.end() || known->second.left == 0) return syscall(SYS_recvfrom, fd, buffer, size, flags, nullptr, nullptr);
  Peer& peer = known->second;
  size = std::min(size, peer.left);
  for (size_t done = 0; done < size;) {
    const size_t step = std::min(size - done, peer.period.size() - peer.at);
    std::memcpy(static_cast<char*>(buffer) + done, peer.period.data() + peer.at, step);
    peer.at = (peer.at + step) % peer.period.size();
    done += step;
  }
  peer.left -= size;
  return static_cast<ssize_t>(size);
}

}  // namespace rota

// In the place of those of the library of C, and of those of sanitizers, which may be replaced as well.
extern "C" ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  if (rota::current != nullptr) return rota::current->OnSend(fd, *message, flags);
  return syscall(SYS_sendmsg, fd, message, flags);
}

extern "C" ssize_t recv(int fd, void* buffer, size_t size, int flags) {
  if (rota::current != nullptr) return rota::current->OnReceive(fd, buffer, size, flags);
  return syscall(SYS_recvfrom, fd, buffer, size, flags, nullptr, nullptr);
}
