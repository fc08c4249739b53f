#ifndef ROTA_LOOP_POLLER_H_
#define ROTA_LOOP_POLLER_H_

#include <memory>

#include "framework/base/callback.h"
#include "framework/base/clock.h"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace rota {

// What waits for the operating system: Boost.Asio's io_context, driven one completion at a time.
// Thread: Wake() from any thread; everything else on the loop thread.
// Owner:  EventLoop.
class Poller {
 public:
  // `on_wake` runs as a completion after each Wake().
  explicit Poller(Callback on_wake);
  ~Poller();

  // Runs one completion that is ready now. False when there is none.
  bool PollOne();
  // Waits for a completion until `deadline` (of the system's monotonic clock; kNoDeadline: without limit) and runs
  // it. False when the time was up first.
  bool WaitOne(TimePoint deadline);
  // Ends a wait and makes `on_wake` run in the poll phase.
  void Wake();

  boost::asio::io_context& io_context() { return *io_context_; }

 private:
  Callback on_wake_;
  std::unique_ptr<boost::asio::io_context> io_context_;
};

}  // namespace rota

#endif  // ROTA_LOOP_POLLER_H_
