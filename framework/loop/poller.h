#ifndef ROTA_LOOP_POLLER_H_
#define ROTA_LOOP_POLLER_H_

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "framework/base/clock.h"
#include "framework/base/ring.h"
#include "framework/base/ring_queue.h"

namespace boost::asio {
class io_context;
namespace detail {
class epoll_reactor;
class scheduler;
}  // namespace detail
}  // namespace boost::asio

namespace rota {

// What the poller tells of the events of one descriptor.
// Thread: loop.
// Owner:  whoever made it. It stays until Poller::Unwatch() where it is watched, until OnDue() where it is due, and may go inside of
//         its own functions.
class PollSource : public RingLink {
 public:
  // `events` of epoll(7) have come.
  virtual void OnEvents(uint32_t events) = 0;
  // It was made due before this poll.
  virtual void OnDue() = 0;
  // The loop ends while it is watched or due: what waits is to be dropped. It is neither any more.
  virtual void OnEnd() = 0;

 protected:
  PollSource() = default;
  ~PollSource() = default;

 private:
  friend class Poller;
  bool is_due_ = false;
};

// What waits for the operating system, asked once a poll phase: an epoll instance of the loop's own, and Boost.Asio's inside of it.
// Thread: Interrupt() from any thread; everything else on the loop thread.
// Owner:  EventLoop.
class Poller {
 public:
  static constexpr Duration kForever = Duration::max();

  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Looks at the operating system, tells the sources of what it has found, and runs the completions of Asio that are ready, and
  // those that they make ready. Waits for the first for `timeout`, rounded up to whole milliseconds, or until Interrupt(). Ends
  // early once `stop` is true; the next Poll() goes on there. Returns how many were told and completed.
  size_t Poll(Duration timeout, const bool& stop);
  // Ends the wait that is under way, or else the next one.
  void Interrupt();

  // Tells `source` of the events of `fd`, as epoll_ctl(2) with EPOLL_CTL_ADD and EPOLL_CTL_MOD. Returns 0, or the error.
  int Watch(int fd, uint32_t events, PollSource& source);
  int ChangeWatch(int fd, uint32_t events, PollSource& source);
  // Tells it nothing more, nor what has come already. To be called before `fd` is closed.
  void Unwatch(int fd, PollSource& source);
  // The next poll calls OnDue() of `source`, once, and does not wait before.
  void MakeDue(PollSource& source);
  bool has_due() const { return !due_.empty(); }

  // Somebody waits for an event. While nobody does, a poll that may not wait does not ask the operating system: it has nothing to
  // tell then but an interrupt, which is for who sleeps.
  void BeginWait() { ++waits_; }
  void EndWait() { --waits_; }

  boost::asio::io_context& io_context() { return *io_context_; }

 private:
  // Of one look.
  static constexpr size_t kMostEvents = 128;

  size_t RunDue(const bool& stop);
  size_t RunEvents(const bool& stop);
  size_t RunAsio(const bool& stop);
  void Look(Duration timeout);
  void End(PollSource& source);

  const std::unique_ptr<boost::asio::io_context> io_context_;
  // Of the io_context.
  boost::asio::detail::scheduler& asio_;
  boost::asio::detail::epoll_reactor& reactor_;

  const int epoll_;
  // An eventfd that is written and never read: each write is an edge.
  const int interrupt_;

  Ring<PollSource> watched_;
  RingQueue<PollSource*> due_;
  size_t waits_ = 0;
  // What the last look has found, from next_event_ on what has not been told yet.
  std::array<epoll_event, kMostEvents> events_;
  size_t next_event_ = 0;
  size_t event_count_ = 0;
};

}  // namespace rota

#endif  // ROTA_LOOP_POLLER_H_
