#ifndef ROTA_LOOP_POLLER_H_
#define ROTA_LOOP_POLLER_H_

#include <cstddef>
#include <memory>

#include "framework/base/clock.h"

namespace boost::asio {
class io_context;
namespace detail {
class epoll_reactor;
class scheduler;
}  // namespace detail
}  // namespace boost::asio

namespace rota {

// What waits for the operating system: Boost.Asio's io_context, which is asked once a poll phase.
// Thread: Interrupt() from any thread; everything else on the loop thread.
// Owner:  EventLoop.
class Poller {
 public:
  static constexpr Duration kForever = Duration::max();

  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Looks at the operating system and runs the completions that are ready, and those that they make ready. Waits for the first
  // for `timeout`, rounded up to whole milliseconds, or until Interrupt(). Ends early once `stop` is true. Returns the number
  // of completions that ran.
  size_t Poll(Duration timeout, const bool& stop);
  // Ends the wait that is under way, or else the next one.
  void Interrupt();

  boost::asio::io_context& io_context() { return *io_context_; }
  // What of it waits for descriptors.
  boost::asio::detail::epoll_reactor& reactor() { return reactor_; }

 private:
  const std::unique_ptr<boost::asio::io_context> io_context_;
  // Of the io_context.
  boost::asio::detail::scheduler& scheduler_;
  boost::asio::detail::epoll_reactor& reactor_;
};

}  // namespace rota

#endif  // ROTA_LOOP_POLLER_H_
