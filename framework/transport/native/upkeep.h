#ifndef ROTA_TRANSPORT_NATIVE_UPKEEP_H_
#define ROTA_TRANSPORT_NATIVE_UPKEEP_H_

#include "framework/base/clock.h"
#include "framework/rpc/transport.h"

namespace rota::native {

// When a connection is to be looked after: whether its peer is still there, how long it may be idle, how old it may get.
// Only decides; the connection acts.
// Thread: one.
// Source: https://github.com/grpc/grpc/blob/master/doc/keepalive.md and
//         https://github.com/grpc/proposal/blob/master/A9-server-side-conn-mgt.md.
class Upkeep {
 public:
  // What to do when due() has come.
  enum class Action {
    kNone,    // nothing yet: ask again at due()
    kPing,    // see whether the peer answers
    kDrain,   // old or idle: begin to end the connection
    kEndDrain,  // the peer has had its time to hear of it
    kCancel,  // the calls that still run are cancelled
    kClose,   // the peer is gone, or has never said what it wants, or not to the end
  };

  // `spread` in 0 .. 1 is drawn at random for each connection: its greatest age is 0.9 to 1.1 times the option, so that the
  // clients of a server do not come back all at once.
  Upkeep(const ConnectionOptions& options, TimePoint now, double spread);

  // The peer has sent its preface.
  void OnReady() {
    ready_ = true;
    SetDue();
  }
  // A header block has begun and is not whole yet, or it is now.
  void OnBlock(bool open, TimePoint now);
  // Bytes have come.
  void OnRead(TimePoint now);
  // The number of open calls has become zero, or has been zero until now.
  void OnCalls(bool any, TimePoint now);
  // The connection is being drained, for whatever reason.
  void OnDrain(TimePoint now);

  // The peer has sent a PING. False: too many of them (GOAWAY with "too_many_pings"). `sent` says that headers or data have
  // gone to it since the last one.
  bool OnPing(TimePoint now, bool sent);

  // When Next() is to be called, which is later than its last call unless that has returned kClose; kNoDeadline: never.
  TimePoint due() const { return due_; }
  Action Next(TimePoint now);

 private:
  void SetDue();
  bool IsIdle() const { return !calls_ && !draining_; }

  // Constant after construction.
  const ConnectionOptions& options_;
  const TimePoint ready_by_;
  const TimePoint old_at_;

  bool ready_ = false;
  bool calls_ = false;
  bool draining_ = false;
  bool drain_ended_ = false;
  bool cancelled_ = false;
  bool ping_open_ = false;
  TimePoint read_at_;
  TimePoint idle_since_;
  TimePoint pinged_at_{};
  TimePoint drain_at_{};
  TimePoint due_;
  TimePoint last_ping_;
  bool had_ping_ = false;
  TimePoint block_by_ = kNoDeadline;
  int strikes_ = 0;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_UPKEEP_H_
