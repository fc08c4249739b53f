#include "framework/loop/poller.h"

#include <algorithm>
#include <boost/asio/detail/concurrency_hint.hpp>
#include <boost/asio/detail/epoll_reactor.hpp>
#include <boost/asio/detail/scheduler.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>

#include "framework/loop/expose.h"

namespace rota {

// Asio runs one completion a call and does not say whether more are ready: asking for one more when there is none costs a
// system call, which was one of three for each message on a quiet connection. Its scheduler knows: what is ready lies in its
// queue, beside the entry that stands for the look at the operating system. PollerTest shows that they still mean this.
struct AsioQueue {
  friend constexpr auto MemberOf(AsioQueue);
};
struct AsioLook {
  friend constexpr auto MemberOf(AsioLook);
};
struct AsioWork {
  friend constexpr auto MemberOf(AsioWork);
};
template struct Expose<AsioQueue, &boost::asio::detail::scheduler::op_queue_>;
template struct Expose<AsioLook, &boost::asio::detail::scheduler::task_operation_>;
template struct Expose<AsioWork, &boost::asio::detail::scheduler::outstanding_work_>;

namespace {

using boost::asio::detail::epoll_reactor;
using boost::asio::detail::scheduler;

// True when no completion is ready: all that is left to do is to look at the operating system.
bool IsAtRest(scheduler& asio) {
  auto* const first = (asio.*MemberOf(AsioQueue())).front();
  return first == &(asio.*MemberOf(AsioLook())) && boost::asio::detail::op_queue_access::next(first) == nullptr;
}

// Whether an operation has begun that has not come back: one more than the work that the poller itself has started. Without any,
// the operating system has nothing to tell but an interrupt, which is for who sleeps.
bool AwaitsAnything(const scheduler& asio) { return asio.*MemberOf(AsioWork()) > 1; }

// What the scheduler does with what its reactor has found, without the bookkeeping for a thread that might sleep.
// False when there is nothing.
bool LookWithoutWaiting(scheduler& asio, epoll_reactor& reactor) {
  boost::asio::detail::op_queue<boost::asio::detail::scheduler_operation> found;
  reactor.run(0, found);
  if (found.empty()) return false;
  auto& queue = asio.*MemberOf(AsioQueue());
  queue.pop();
  found.push(queue);
  queue.push(found);
  queue.push(&(asio.*MemberOf(AsioLook())));
  return true;
}

// In microseconds; -1 is without limit.
long WaitTime(Duration timeout) {
  constexpr Duration kLongest = std::chrono::minutes(5);
  return timeout == Poller::kForever ? -1 : std::chrono::ceil<std::chrono::microseconds>(std::min(timeout, kLongest)).count();
}

}  // namespace

Poller::Poller()
    // Nothing of it is locked: other threads come in by Post(), and only Interrupt() touches Asio from there.
    : io_context_(std::make_unique<boost::asio::io_context>(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE)),
      scheduler_(boost::asio::use_service<scheduler>(*io_context_)),
      reactor_(boost::asio::use_service<epoll_reactor>(*io_context_)) {
  // The loop decides when it ends, by its refs; the io_context must never stop by itself.
  io_context_->get_executor().on_work_started();
  // Asio looks at the operating system from the beginning, not from the first socket on: Interrupt() needs it.
  reactor_.init_task();
  // The first look finds what Asio has left there for itself.
  boost::system::error_code error;
  scheduler_.poll_one(error);
}

Poller::~Poller() = default;

size_t Poller::Poll(Duration timeout, const bool& stop) {
  boost::system::error_code error;
  size_t ran = 0;
  if (timeout > Duration::zero()) {
    // Waits only when nothing is ready.
    ran += scheduler_.wait_one(WaitTime(timeout), error);
  } else if (IsAtRest(scheduler_) && !(AwaitsAnything(scheduler_) && LookWithoutWaiting(scheduler_, reactor_))) {
    return 0;
  }
  while (!stop && !IsAtRest(scheduler_)) ran += scheduler_.poll_one(error);
  return ran;
}

void Poller::Interrupt() { reactor_.interrupt(); }

}  // namespace rota
