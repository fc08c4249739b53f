#ifndef ROTA_ACTOR_ACTOR_KIND_H_
#define ROTA_ACTOR_ACTOR_KIND_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "framework/actor/actor.h"
#include "framework/base/callback.h"
#include "framework/base/clock.h"

namespace rota {

// What the supervisor does with an actor that failed, which means that it threw: the actor is destroyed and made anew.
struct RestartPolicy {
  // So many restarts within `window`; after one more failure the actor is down until `window` has passed.
  int max_restarts = 5;
  Duration window = std::chrono::seconds(10);
  // The wait before the first restart, doubled for each further one within `window`.
  Duration backoff = std::chrono::milliseconds(100);
  // How long other turns of an interleaving actor may go on after the failure; then they end with UNAVAILABLE.
  Duration grace = std::chrono::seconds(1);
};

// How the actors of one kind are made and run.
struct KindOptions {
  std::string name;
  // Makes the actor of a key. It must not return null; an exception is a failure.
  UniqueFunction<std::unique_ptr<Actor>(const std::string& key)> factory;
  // Messages that may wait for one actor; more are refused with RESOURCE_EXHAUSTED.
  size_t mailbox_capacity = 1024;
  // Actors of this kind at once; messages to more are refused with RESOURCE_EXHAUSTED.
  size_t max_actors = 100000;
  // True: a turn may begin while others wait. The code between two waits still runs alone.
  bool interleave = false;
  // Turns at once of an interleaving actor; further messages wait in the mailbox.
  size_t max_interleaved_turns = 10000;
  // An actor that handled nothing for this long, up to twice of it, goes to sleep. Zero: it never does.
  Duration idle_timeout = Duration::zero();
  RestartPolicy restart;
};

// What one kind counts, in plain integers of the loop thread.
struct KindStats {
  uint64_t actors = 0;         // that are awake
  uint64_t mailbox_depth = 0;  // messages that wait, of all actors
  uint64_t running = 0;        // turns under way
  uint64_t turns = 0;          // turns begun
  uint64_t expired = 0;        // messages whose request ended before their turn
  uint64_t refused = 0;        // messages that no mailbox took
  uint64_t failures = 0;       // exceptions that left a turn or a start
  uint64_t restarts = 0;
  uint64_t starts = 0;
  uint64_t sleeps = 0;
};

}  // namespace rota

#endif  // ROTA_ACTOR_ACTOR_KIND_H_
