#ifndef ROTA_ACTOR_ACTOR_H_
#define ROTA_ACTOR_ACTOR_H_

#include <string>
#include <string_view>

#include "framework/actor/task.h"
#include "framework/base/status.h"
#include "framework/context/request_context.h"
#include "framework/loop/event_loop.h"

namespace rota {

class ActorSystem;
class WorkerPool;

// An object with a mailbox, addressed by kind and key, that handles one message at a time.
// Thread: loop. What a handler gives to RunBlocking() runs on a worker; it must not touch members meanwhile unless no
//         other turn can.
// Owner:  the actor system, which makes it for its first message and destroys it when it sleeps, fails or stops.
class Actor {
 public:
  virtual ~Actor() = default;

  // Runs before the first turn, which waits for it. An error goes to everyone who waits, and the next message tries
  // again; an exception counts as a failure of the actor.
  virtual Task<void> OnStart(RequestContext& /*context*/) { return OkStatus(); }
  // Runs before a healthy actor is destroyed: it goes to sleep, or the system stops. Not after a failure.
  virtual void OnStop() {}

  // Valid from OnStart() on; the constructor runs before the actor has an address.
  const std::string& key() const { return key_; }
  ActorSystem& system() const { return *system_; }
  EventLoop& loop() const { return *loop_; }

 private:
  friend class ActorCell;

  ActorSystem* system_ = nullptr;
  EventLoop* loop_ = nullptr;
  std::string key_;
};

}  // namespace rota

#endif  // ROTA_ACTOR_ACTOR_H_
