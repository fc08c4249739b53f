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

// In one turn, and until it rests.
constexpr int kTurnedAwayAtOnce = 4;
constexpr int kMostTurnedAway = 64;

// How long accepting rests when descriptors, memory or watches are short.
constexpr Duration kRest = std::chrono::milliseconds(200);

int OpenReserve() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

Listener::Listener(EventLoop& loop, AdmissionQueue& admission, int fd, OnAccepted on_accepted)
    : loop_(loop), admission_(admission), readiness_(loop, fd), on_accepted_(std::move(on_accepted)), reserve_(OpenReserve()) {}

Listener::~Listener() {
  if (reserve_ >= 0) close(reserve_);
}

void Listener::Start() { Wait(); }

void Listener::Wait() {
  const ContextScope scope(nullptr);
  readiness_.WaitReadable([self = Ref<Listener>(this)] {
    if (!self->closed_) self->admission_.Add(*self);
  });
}

void Listener::OnTurn() {
  const Ref<Listener> keep(this);
  if (const int error = readiness_.error(); error != 0) {
    Log(LogLevel::kWarn, "accept_failed", {{"what", std::string("epoll: ") + std::strerror(error)}});
    return Rest();
  }
  // The rest waits in the queue of the system.
  const bool more = AcceptOne();
  if (closed_ || retry_.is_armed()) return;
  more ? admission_.Add(*this) : Wait();
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
    turned_away_ = 0;
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
      if (turned_away_ == 0) Log(LogLevel::kWarn, "accept_failed", {{"what", std::strerror(errno)}});
      return TurnAwaySome();
    default:
      // The connection that waited is broken; the next one need not be (accept(2)).
      return true;
  }
}

// False: all are gone who have come, or there are too many.
bool Listener::TurnAwaySome() {
  if (reserve_ >= 0) close(reserve_);
  int turned_away = 0;
  for (; turned_away < kTurnedAwayAtOnce; ++turned_away) {
    const int fd = accept4(readiness_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) break;
    close(fd);
  }
  reserve_ = OpenReserve();
  turned_away_ += turned_away;
  if (turned_away == kTurnedAwayAtOnce && turned_away_ < kMostTurnedAway) return true;
  turned_away_ = 0;
  Rest();
  return false;
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
  AdmissionQueue::Remove(*this);
  retry_.Clear();
  on_accepted_ = nullptr;
  readiness_.Close();
}

}  // namespace rota::native
