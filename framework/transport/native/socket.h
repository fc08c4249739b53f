#ifndef ROTA_TRANSPORT_NATIVE_SOCKET_H_
#define ROTA_TRANSPORT_NATIVE_SOCKET_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "framework/base/callback.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/readiness.h"

namespace rota::native {

// A connected stream socket that never blocks: the loop waits for it, and reading and writing are plain system calls, so that
// one buffer serves all connections.
// Thread: loop.
// Owner:  the connection.
class Socket {
 public:
  // Takes `fd`, which is in non-blocking mode.
  Socket(EventLoop& loop, int fd) : readiness_(loop, fd) {}
  virtual ~Socket() = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  struct Result {
    size_t bytes = 0;
    bool ended = false;  // The peer has closed its side, or the connection is broken: nothing more comes or goes.
    bool drained = false;  // Reading: what has come is read, so it is time to wait.
    bool full = false;  // Writing: it is time to wait, and to write again then, even if nothing is left to write.
  };
  virtual Result Read(std::span<uint8_t> buffer);
  virtual Result Write(std::span<const iovec> pieces);
  // Says that nothing more will be sent.
  virtual void EndOutput();
  // Whether it can be written to; until then it is read until it can.
  virtual bool IsReady() const { return true; }
  // Whether bytes that have come wait inside of the socket object, where no readiness tells of them.
  virtual bool HoldsInput() const { return false; }

  // Runs `callback` in the poll phase, once; also after Close().
  void WaitReadable(Callback callback) { readiness_.WaitReadable(std::move(callback)); }
  void WaitWritable(Callback callback) { readiness_.WaitWritable(std::move(callback)); }

  // Not 0 when the system has refused the last wait, whose callback runs all the same: see Readiness::error().
  int error() const { return readiness_.error(); }

  void Close() { readiness_.Close(); }

 protected:
  int fd() const { return readiness_.fd(); }
  // The system has nothing to read from it now.
  void Drained() { readiness_.Drained(); }

 private:
  Readiness readiness_;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_SOCKET_H_
