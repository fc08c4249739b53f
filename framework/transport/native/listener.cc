#include "framework/transport/native/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include "framework/base/log.h"
#include "framework/loop/context_slot.h"
#include "framework/transport/native/listen_socket.h"

namespace rota::native {
namespace {

// The rest waits in the queue of the system: a connection that has come costs most when it is new, and those that are served
// are not to wait for a crowd.
constexpr int kAtOnce = 2;
constexpr int kTurnedAwayAtOnce = 64;

// How long accepting rests when descriptors, memory or watches are short.
constexpr Duration kRest = std::chrono::milliseconds(200);

int OpenReserve() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

Listener::Listener(EventLoop& loop, int fd, OnAccepted on_accepted)
    : loop_(loop), readiness_(loop, fd), on_accepted_(std::move(on_accepted)), reserve_(OpenReserve()) {}

Listener::~Listener() {
  if (reserve_ >= 0) close(reserve_);
}

void Listener::Start() { Wait(); }

void Listener::Wait() {
  const ContextScope scope(nullptr);
  readiness_.WaitReadable([self = Ref<Listener>(this)] { self->OnReady(); });
}

void Listener::OnReady() {
  if (closed_) return;
  for (int i = 0; i < kAtOnce && AcceptOne(); ++i) {
    if (closed_) return;
  }
  if (retry_.is_armed()) return;
  if (const int error = readiness_.error(); error != 0) {
    Log(LogLevel::kWarn, "accept_failed", {{"what", std::string("epoll: ") + std::strerror(error)}});
    return Rest();
  }
  Wait();
}

void Listener::Rest() {
  retry_ = loop_.SetTimeout(kRest, [self = Ref<Listener>(this)] {
    if (!self->closed_) self->Wait();
  });
}

bool Listener::AcceptOne() {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  const int fd = accept4(readiness_.fd(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    if (address.ss_family != AF_UNIX) {
      // What is sent is gathered already; see Output.
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    on_accepted_(fd, PeerName(address));
    return true;
  }
  switch (errno) {
    case EAGAIN:
      readiness_.Drained();
      return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      Log(LogLevel::kWarn, "accept_failed", {{"what", std::strerror(errno)}});
      TurnAway();
      return false;
    default:
      // The connection that waited is broken; the next one need not be (accept(2)).
      return true;
  }
}

void Listener::TurnAway() {
  if (reserve_ >= 0) close(reserve_);
  for (int i = 0; i < kTurnedAwayAtOnce; ++i) {
    const int fd = accept4(readiness_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) break;
    close(fd);
  }
  reserve_ = OpenReserve();
  Rest();
}

void Listener::Close() {
  if (closed_) return;
  // Their peers believe to be connected: they are told to go elsewhere, not cut off.
  while (AcceptOne()) {
  }
  Abandon();
}

void Listener::Abandon() {
  if (std::exchange(closed_, true)) return;
  retry_.Clear();
  on_accepted_ = nullptr;
  readiness_.Close();
}

}  // namespace rota::native
