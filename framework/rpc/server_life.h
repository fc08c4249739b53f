#ifndef ROTA_RPC_SERVER_LIFE_H_
#define ROTA_RPC_SERVER_LIFE_H_

#include <utility>

#include "framework/base/callback.h"
#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/loop/event_loop.h"

namespace rota {

// What a server ends the calls with that outlast the grace of its drain, or that run when it is destroyed: UNAVAILABLE.
// Source: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md, "Server shutting down".
Status ShuttingDownError();

// The life of a Server (transport.h): new, serving, draining, stopped. What all transports do alike in Listen() and Drain(): the
// loop is kept alive, running calls have a grace period, and `done` is called once.
// Thread: loop.
// Owner:  the server. When it goes, a `done` that was not called is dropped.
class ServerLife {
 public:
  struct Steps {
    // Takes no new connections; calls that come on those that are open may still be taken. Called once.
    Callback begin_drain;
    // Ends the calls that run with ShuttingDownError(). After begin_drain; called again by who drains again without grace.
    Callback cancel_calls;
  };

  ServerLife(EventLoop& loop, Steps steps) : loop_(loop), steps_(std::move(steps)) {}
  ~ServerLife() { grace_.Clear(); }
  ServerLife(const ServerLife&) = delete;
  ServerLife& operator=(const ServerLife&) = delete;

  // Before Listen() and Drain().
  bool is_new() const { return state_ == State::kNew; }
  bool serving() const { return state_ == State::kServing; }
  bool draining() const { return state_ == State::kDraining; }
  bool stopped() const { return state_ == State::kStopped; }

  // The server listens: it keeps the loop alive from now on, if `keeps_alive`. Only when new.
  void Begin(bool keeps_alive = true);
  // As Server::Drain() has it. A server that does not serve is stopped, and `done` runs as an immediate.
  void Drain(Duration grace, Callback done);
  // No call and no connection is left. Only while draining. `done` runs in the close phase, and so after what the last call was told.
  void End();
  // `done` is not to be called any more.
  void DropDone() { done_ = nullptr; }

 private:
  enum class State { kNew, kServing, kDraining, kStopped };

  void LimitGrace(Duration grace);

  // Constant after construction.
  EventLoop& loop_;

  Steps steps_;
  State state_ = State::kNew;
  Ref<Handle> handle_;
  Timer grace_;
  TimePoint grace_end_ = kNoDeadline;
  Callback done_;
};

}  // namespace rota

#endif  // ROTA_RPC_SERVER_LIFE_H_
