#include "framework/loop/poller.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/detail/concurrency_hint.hpp>
#include <boost/asio/detail/epoll_reactor.hpp>
#include <boost/asio/detail/scheduler.hpp>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <climits>
#include <utility>

#include "framework/base/check.h"
#include "framework/base/expose.h"

namespace rota {

// Asio runs one completion a call and does not say whether more are ready: asking for one more when there is none costs a
// system call. Its scheduler knows: what is ready lies in its queue, beside the entry that stands for the look at the operating
// system. And its own epoll instance is a descriptor as any other, which can be read when it has events. PollerTest shows that
// all of them still mean this.
struct AsioQueue {
  friend constexpr auto MemberOf(AsioQueue);
};
struct AsioLook {
  friend constexpr auto MemberOf(AsioLook);
};
struct AsioWork {
  friend constexpr auto MemberOf(AsioWork);
};
struct AsioEpoll {
  friend constexpr auto MemberOf(AsioEpoll);
};
template struct Expose<AsioQueue, &boost::asio::detail::scheduler::op_queue_>;
template struct Expose<AsioLook, &boost::asio::detail::scheduler::task_operation_>;
template struct Expose<AsioWork, &boost::asio::detail::scheduler::outstanding_work_>;
template struct Expose<AsioEpoll, &boost::asio::detail::epoll_reactor::epoll_fd_>;

namespace {

using boost::asio::detail::epoll_reactor;
using boost::asio::detail::scheduler;

// True when no completion is ready: all that is left to do is to look at the operating system.
bool IsAtRest(scheduler& asio) {
  auto* const first = (asio.*MemberOf(AsioQueue())).front();
  return first == &(asio.*MemberOf(AsioLook())) && boost::asio::detail::op_queue_access::next(first) == nullptr;
}

// Whether an operation of Asio has begun that has not come back: one more than the work that the poller itself has started.
bool AwaitsAnything(const scheduler& asio) { return asio.*MemberOf(AsioWork()) > 1; }

// What the scheduler, at rest, does with what its reactor has found, without the bookkeeping for a thread that might sleep.
void FetchEvents(scheduler& asio, epoll_reactor& reactor) {
  boost::asio::detail::op_queue<boost::asio::detail::scheduler_operation> found;
  reactor.run(0, found);
  if (found.empty()) return;
  auto& queue = asio.*MemberOf(AsioQueue());
  queue.pop();
  found.push(queue);
  queue.push(found);
  queue.push(&(asio.*MemberOf(AsioLook())));
}

// As epoll_wait(2) takes it; -1 is without limit.
int WaitTime(Duration timeout) {
  if (timeout == Poller::kForever) return -1;
  return static_cast<int>(std::min<int64_t>(std::chrono::ceil<std::chrono::milliseconds>(timeout).count(), INT_MAX));
}

int Checked(int fd, const char* what) {
  ROTA_CHECK(fd >= 0, what);
  return fd;
}

}  // namespace

Poller::Poller()
    // Nothing of it is locked: no other thread comes near Asio.
    : io_context_(std::make_unique<boost::asio::io_context>(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE)),
      asio_(boost::asio::use_service<scheduler>(*io_context_)),
      reactor_(boost::asio::use_service<epoll_reactor>(*io_context_)),
      epoll_(Checked(epoll_create1(EPOLL_CLOEXEC), "the system gives no epoll instance")),
      interrupt_(Checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "the system gives no eventfd")) {
  // The loop decides when it ends, by its refs; the io_context must never stop by itself.
  io_context_->get_executor().on_work_started();
  // The entry for the look is in Asio's queue from the beginning, not from the first socket on.
  reactor_.init_task();
  // The first look finds what Asio has left there for itself.
  boost::system::error_code error;
  asio_.poll_one(error);
  epoll_event asio{.events = EPOLLIN, .data = {.ptr = this}};
  epoll_event interrupt{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
  ROTA_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, reactor_.*MemberOf(AsioEpoll()), &asio) == 0 &&
                 epoll_ctl(epoll_, EPOLL_CTL_ADD, interrupt_, &interrupt) == 0,
             "the system does not watch the loop's own descriptors");
}

Poller::~Poller() {
  // One that ends may make others due.
  while (!due_.empty() || !watched_.empty()) End(due_.empty() ? watched_.front() : *due_.Pop());
  close(interrupt_);
  close(epoll_);
}

void Poller::End(PollSource& source) {
  watched_.Remove(source);
  source.is_due_ = false;
  source.OnEnd();
}

size_t Poller::Poll(Duration timeout, const bool& stop) {
  size_t ran = RunDue(stop) + RunAsio(stop) + RunEvents(stop);
  if (stop) return ran;
  if (ran > 0) timeout = Duration::zero();
  if (timeout <= Duration::zero() && waits_ == 0 && !AwaitsAnything(asio_)) return ran;
  Look(timeout);
  ran += RunEvents(stop);
  return ran + RunAsio(stop);
}

void Poller::Interrupt() {
  const uint64_t one = 1;
  // It fails only where so many were written that one more is no news.
  [[maybe_unused]] const ssize_t size = write(interrupt_, &one, sizeof(one));
}

void Poller::Look(Duration timeout) {
  const int count = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), WaitTime(timeout));
  ROTA_CHECK(count >= 0 || errno == EINTR, "epoll_wait failed");
  next_event_ = 0;
  event_count_ = count < 0 ? 0 : static_cast<size_t>(count);
}

size_t Poller::RunEvents(const bool& stop) {
  size_t ran = 0;
  while (next_event_ < event_count_ && !stop) {
    const epoll_event event = events_[next_event_++];
    if (event.data.ptr == nullptr) continue;
    if (event.data.ptr == this) {
      if (IsAtRest(asio_)) FetchEvents(asio_, reactor_);
      ran += RunAsio(stop);
    } else {
      static_cast<PollSource*>(event.data.ptr)->OnEvents(event.events);
      ++ran;
    }
  }
  return ran;
}

size_t Poller::RunAsio(const bool& stop) {
  boost::system::error_code error;
  size_t ran = 0;
  while (!stop && !IsAtRest(asio_)) ran += asio_.poll_one(error);
  return ran;
}

// Those that become due meanwhile wait for the next poll.
size_t Poller::RunDue(const bool& stop) {
  size_t ran = 0;
  for (size_t left = due_.size(); left > 0 && !stop; --left, ++ran) {
    PollSource& source = *due_.Pop();
    source.is_due_ = false;
    source.OnDue();
  }
  return ran;
}

void Poller::MakeDue(PollSource& source) {
  if (!std::exchange(source.is_due_, true)) due_.Push(&source);
}

int Poller::Watch(int fd, uint32_t events, PollSource& source) {
  epoll_event event{.events = events, .data = {.ptr = &source}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) return errno;
  watched_.PushFront(source);
  return 0;
}

int Poller::ChangeWatch(int fd, uint32_t events, PollSource& source) {
  epoll_event event{.events = events, .data = {.ptr = &source}};
  return epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) == 0 ? 0 : errno;
}

void Poller::Unwatch(int fd, PollSource& source) {
  watched_.Remove(source);
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  for (size_t i = next_event_; i < event_count_; ++i) {
    if (events_[i].data.ptr == &source) events_[i].data.ptr = nullptr;
  }
}

}  // namespace rota
