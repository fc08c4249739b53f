#include "framework/loop/readiness.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <boost/asio/detail/epoll_reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "framework/base/check.h"
#include "framework/loop/expose.h"
#include "framework/loop/operation.h"

namespace rota {

// What Asio registers, and what it believes to be registered: with EPOLLOUT in it, it leaves the registration alone.
struct AsioEpoll {
  friend constexpr auto MemberOf(AsioEpoll);
};
struct AsioRegistered {
  friend constexpr auto MemberOf(AsioRegistered);
};
template struct Expose<AsioEpoll, &boost::asio::detail::epoll_reactor::epoll_fd_>;
template struct Expose<AsioRegistered, &boost::asio::detail::epoll_reactor::descriptor_state::registered_events_>;

using boost::asio::detail::epoll_reactor;
using boost::asio::detail::reactor_op;

class Readiness::Registration final : public RefCounted {
 public:
  Registration(EventLoop& loop, int fd) : loop_(loop), reactor_(loop.poller().reactor()), fd_(fd) { Register(); }

  // One kind of wait. It lies in the queues of Asio while it waits.
  class Wait final : public reactor_op {
   public:
    Wait(int kind, uint32_t event) : reactor_op({}, &Perform, &Complete), kind(kind), event(event) {}

    // Constant after construction. Asio's and epoll's names of what is waited for.
    const int kind;
    const uint32_t event;
    // While it waits, up to its callback.
    std::optional<Operation> operation;
    Callback callback;
    Ref<Registration> registration;
    // Asio asks once when the wait begins, which is too early, and then when epoll has told of it.
    bool has_begun = false;

   private:
    static status Perform(reactor_op* op) { return std::exchange(static_cast<Wait*>(op)->has_begun, true) ? done : not_done; }
    static void Complete(void* owner, boost::asio::detail::scheduler_operation* op, const boost::system::error_code&, size_t) {
      Wait& wait = *static_cast<Wait*>(op);
      const Ref<Registration> keep = std::move(wait.registration);
      Operation operation = *std::move(wait.operation);
      wait.operation.reset();
      if (owner == nullptr) {
        // The loop ends.
        const Callback dropped = std::move(wait.callback);
        return;
      }
      EventLoop& loop = operation.loop();
      loop.RunCompletion(std::move(operation), [keep, &wait] { keep->Call(wait); });
    }
  };

  void Begin(Wait& wait, Callback callback, const std::source_location& where) {
    ROTA_CHECK(!wait.callback, "a descriptor is waited for twice");
    wait.callback = std::move(callback);
    wait.operation.emplace(loop_, RefKind::kIo, where);
    wait.registration = Ref<Registration>(this);
    wait.has_begun = false;
    error_ = 0;
    if (fd_ >= 0 && descriptor_ == nullptr) Register();
    if (fd_ >= 0 && error_ == 0) SetEvents((events_ & kWanted) | wait.event);
    // Asio completes at once what waits for nothing.
    epoll_reactor::per_descriptor_data nothing = nullptr;
    reactor_.start_op(wait.kind, fd_, error_ == 0 ? descriptor_ : nothing, &wait, true, true);
  }
  int error() const { return error_; }

  void Close() {
    if (fd_ < 0) return;
    if (descriptor_ != nullptr) reactor_.deregister_descriptor(fd_, descriptor_, true);
    ::close(std::exchange(fd_, -1));
    reactor_.cleanup_descriptor_data(descriptor_);
  }
  int fd() const { return fd_; }

  Wait& readable() { return readable_; }
  // Most descriptors never wait to be written: its memory is there while it waits.
  Wait& writable() {
    if (writable_ == nullptr) writable_ = std::make_unique<Wait>(epoll_reactor::write_op, EPOLLOUT);
    return *writable_;
  }

 private:
  void Call(Wait& wait) {
    // Another wait may begin inside.
    Callback callback = std::move(wait.callback);
    // Also after an exception.
    const struct End {
      ~End() { registration.EndCall(wait); }
      Registration& registration;
      Wait& wait;
    } end{*this, wait};
    callback();
  }
  // What nobody waits for would come again and again.
  void EndCall(Wait& wait) {
    if (wait.callback) return;
    if (fd_ >= 0) SetEvents(events_ & ~wait.event);
    if (&wait == writable_.get()) writable_.reset();
  }

  void Register() {
    error_ = reactor_.register_descriptor(fd_, descriptor_);
    if (error_ != 0) return reactor_.cleanup_descriptor_data(descriptor_);
    uint32_t& registered = descriptor_->*MemberOf(AsioRegistered());
    // None for what epoll cannot watch, a regular file: Asio takes it for always ready. Here its waits are refused.
    events_ = registered == 0 ? 0 : kAsAsioDoes;
    registered |= EPOLLOUT;
  }

  // Without any, the descriptor leaves epoll, which tells of errors otherwise.
  void SetEvents(uint32_t events) {
    if (events == events_) return;
    epoll_event event{.events = events, .data = {.ptr = descriptor_}};
    const int action = events == 0 ? EPOLL_CTL_DEL : events_ == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(reactor_.*MemberOf(AsioEpoll()), action, fd_, &event) == 0) {
      events_ = events;
    } else {
      error_ = errno;
    }
  }

  static constexpr uint32_t kWanted = EPOLLIN | EPOLLOUT;
  // Of edges Asio would have to be told again before each wait: by an epoll_ctl, or by a read that finds nothing.
  static constexpr uint32_t kAsAsioDoes = EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLPRI | EPOLLET;

  // Constant after construction.
  EventLoop& loop_;
  epoll_reactor& reactor_;

  int fd_;
  Wait readable_{epoll_reactor::read_op, EPOLLIN};
  std::unique_ptr<Wait> writable_;
  epoll_reactor::per_descriptor_data descriptor_ = nullptr;
  // What epoll looks for.
  uint32_t events_ = 0;
  // Why the last wait was refused.
  int error_ = 0;
};

Readiness::Readiness(EventLoop& loop, int fd) : registration_(MakeRef<Registration>(loop, fd)) {}

Readiness::~Readiness() { Close(); }

void Readiness::WaitReadable(Callback callback, const std::source_location& where) {
  registration_->Begin(registration_->readable(), std::move(callback), where);
}

void Readiness::WaitWritable(Callback callback, const std::source_location& where) {
  registration_->Begin(registration_->writable(), std::move(callback), where);
}

void Readiness::Close() { registration_->Close(); }

int Readiness::error() const { return registration_->error(); }

int Readiness::fd() const { return registration_->fd(); }

}  // namespace rota
