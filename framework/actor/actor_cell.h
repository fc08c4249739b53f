#ifndef ROTA_ACTOR_ACTOR_CELL_H_
#define ROTA_ACTOR_ACTOR_CELL_H_

#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "framework/actor/actor.h"
#include "framework/actor/actor_kind.h"
#include "framework/actor/task.h"
#include "framework/actor/task_run.h"
#include "framework/actor/turn.h"
#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/context/request_context.h"
#include "framework/loop/timer.h"

namespace rota {

class ActorSystem;

// One address: the mailbox, the actor behind it when it is awake, and its supervisor.
// Thread: loop.
// Owner:  ActorSystem. Destroyed only when nothing waits, runs or is about to.
class ActorCell {
 public:
  ActorCell(ActorSystem& system, KindOptions& options, KindStats& stats, std::string key);
  // Ends what is left with CANCELLED; for the destructor of the system.
  ~ActorCell();
  ActorCell(const ActorCell&) = delete;
  ActorCell& operator=(const ActorCell&) = delete;

  // "files", or "files/readme" where there is a key.
  const std::string& name() const { return name_; }
  const std::string& key() const { return key_; }

  // Queues a message and takes it, or says why not and leaves it.
  Status Push(std::unique_ptr<Turn>& turn);
  // Whether Step() has something to do.
  bool runnable() const;
  // Begins one turn, or the actor.
  void Step();
  // Nothing more is taken; what waits ends with UNAVAILABLE and what runs is cancelled. Calls ActorSystem::OnStopped().
  void Stop();

  // For ActorSystem: whether the cell stands in its queue of cells that are runnable.
  bool queued = false;

 private:
  friend class Turn;

  enum class State {
    kAsleep,      // no actor; the next message starts it
    kStarting,    // OnStart() is under way
    kAwake,       // takes turns
    kFailing,     // waits for its other turns before it restarts
    kBackingOff,  // waits before it restarts
    kDown,        // failed too often; refuses messages
    kStopping,    // waits for its turns
    kStopped,
  };

  void StartActor();
  void OnStarted(Status status, std::exception_ptr exception);
  void BeginTurn(std::unique_ptr<Turn> turn);
  void OnTurnDone(Turn& turn, Status status, std::exception_ptr exception);
  void AfterTurn();
  void DropQueued(Turn& turn, const Status& status);
  void FailQueued(const Status& status);
  void CancelRunning(const Status& status);

  void OnFailure(std::string_view during, std::exception_ptr exception);
  void EndGrace();
  void Restart();
  void GoDown();
  Status DownError() const;
  void WakeUp();
  void WatchIdle();
  void OnIdle();
  void FinishStop();
  // Runs `function` in `delay`, replacing what the cell waited for, outside of any request.
  void After(Duration delay, void (ActorCell::*function)(), bool keeps_alive);
  void SetActor(std::unique_ptr<Actor> actor);

  // Constant after construction.
  ActorSystem& system_;
  KindOptions& options_;
  KindStats& stats_;
  const std::string key_;
  const std::string name_;

  State state_ = State::kAsleep;
  std::unique_ptr<Actor> actor_;
  TurnQueue mailbox_;
  TurnQueue running_;
  TaskRun<void> start_run_;
  Ref<RequestContext> start_context_;
  std::deque<TimePoint> restarts_;  // within the window; at most max_restarts
  Timer timer_;
  bool watching_idle_ = false;
  bool used_ = false;  // since the idle timer was set
};

}  // namespace rota

#endif  // ROTA_ACTOR_ACTOR_CELL_H_
