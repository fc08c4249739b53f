#ifndef ROTA_RUNTIME_DRAIN_H_
#define ROTA_RUNTIME_DRAIN_H_

#include <chrono>
#include <cstdint>

#include "framework/base/callback.h"
#include "framework/base/clock.h"
#include "framework/loop/event_loop.h"

namespace rota {

// Ends a service in order: say that it is about to go, let what runs finish, stop the actors, end.
// Thread: loop.
// Owner:  the process. Does nothing before Begin(); must not outlive the loop.
class Drain {
 public:
  struct Steps {
    // Tells the world: /readyz and health say no.
    Callback refuse;
    // Calls that began so far. While it grows there are callers who have not heard yet.
    UniqueFunction<uint64_t()> calls_started;
    // Lets running calls finish within the grace period and ends the rest, then calls back.
    UniqueFunction<void(Duration grace, Callback done)> drain_calls;
    UniqueFunction<uint64_t()> calls_in_flight;
    // No call is left, but a peer keeps its connection open: the drain waits for it no longer.
    Callback cut_connections;
    UniqueFunction<void(Callback done)> stop_actors;
    // All is over. Called once: either this, or `give_up` when actors did not stop within `stop_timeout`.
    Callback finish;
    Callback give_up;
  };
  struct Options {
    // How long calls are still taken in after refuse(); ends early once none has come for `quiet`.
    Duration notice = std::chrono::seconds(2);
    Duration quiet = std::chrono::milliseconds(100);
    Duration grace = std::chrono::seconds(10);
    // What peers get, when no call is left, to close their connections.
    Duration linger = std::chrono::milliseconds(200);
    // For what should be quick once calls are over. A handler that waits for a job ends with the job.
    Duration stop_timeout = std::chrono::seconds(5);
  };

  Drain(EventLoop& loop, Options options, Steps steps);
  ~Drain();
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;

  // Once.
  void Begin();
  bool begun() const { return begun_; }

 private:
  void WaitForQuiet();
  void DrainCalls();
  void WaitForConnections();
  void StopActors();

  EventLoop& loop_;
  const Options options_;
  Steps steps_;
  TimePoint notice_end_{};
  uint64_t calls_seen_ = 0;
  Timer timer_;
  bool begun_ = false;
  bool over_ = false;
};

}  // namespace rota

#endif  // ROTA_RUNTIME_DRAIN_H_
