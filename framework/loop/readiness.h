#ifndef ROTA_LOOP_READINESS_H_
#define ROTA_LOOP_READINESS_H_

#include <source_location>

#include "framework/base/callback.h"
#include "framework/base/ref.h"
#include "framework/loop/event_loop.h"

namespace rota {

// Tells when a descriptor can be read or written, through the poller of the loop. It is registered for edges: a wait for reading that
// follows Drained() costs no system call, neither here nor in the look that comes after it.
// Thread: loop.
// Owner:  whoever reads and writes the descriptor, which belongs to it. Must not outlive the loop.
// Errors: a wait that the system refuses, for want of memory or watches, ends at once: see error().
class Readiness {
 public:
  // Takes `fd`, which is in non-blocking mode.
  Readiness(EventLoop& loop, int fd);
  // Closes it.
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // Runs `callback` once, in the poll phase and under the context that is current here, when the descriptor can be read (which
  // includes the end and errors) or written; also after Close(). One wait of a kind at a time. A wait is a ref of the loop.
  void WaitReadable(Callback callback, const std::source_location& where = std::source_location::current());
  void WaitWritable(Callback callback, const std::source_location& where = std::source_location::current());
  // To be said by who has read all: a read has found nothing, or, of a stream, less than it had room for (epoll(7), question 9).
  // Where it is not, the next wait costs an epoll_ctl(2). After the end and after errors it changes nothing.
  void Drained();

  // Not 0 once the system has refused a wait (ENOSPC and ENOMEM in epoll_ctl(2)): its callback runs in the next poll phase, though
  // the descriptor may not be ready. Whoever waited is to give up, or to try again later: the next wait begins anew.
  int error() const;

  // Closes the descriptor. What waits is called in the next poll phase. Nothing happens the second time.
  void Close();
  // -1 once closed.
  int fd() const;

 private:
  class Registration;

  // Shared with what is on its way when its owner goes: a wait that is due, a callback that was put off.
  const Ref<Registration> registration_;
};

}  // namespace rota

#endif  // ROTA_LOOP_READINESS_H_
