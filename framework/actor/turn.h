#ifndef ROTA_ACTOR_TURN_H_
#define ROTA_ACTOR_TURN_H_

#include <cstddef>
#include <memory>
#include <utility>

#include "framework/actor/actor.h"
#include "framework/actor/task.h"
#include "framework/actor/task_run.h"
#include "framework/base/ref.h"
#include "framework/base/ring.h"
#include "framework/base/status.h"
#include "framework/context/cancellation.h"
#include "framework/context/request_context.h"

namespace rota {

class ActorCell;

// One message to an actor: what it does there, and who hears how it ended.
// Thread: loop.
// Owner:  the actor system, from Send() until Done() has returned.
class Turn : public RingLink {
 public:
  explicit Turn(Ref<RequestContext> context) : context_(std::move(context)) {}
  virtual ~Turn() = default;

  // Handles the message, under context(). Not called when the context is cancelled before the actor gets to it.
  virtual Task<void> Run(Actor& actor, RequestContext& context) = 0;
  // How it ended, exactly once and last: what Run() ended with (INTERNAL when it threw), or why it did not run.
  virtual void Done(const Status& status) = 0;

  RequestContext& context() const { return *context_; }

 private:
  friend class ActorCell;
  friend class TurnQueue;

  // Takes a turn that waits out of the mailbox when its request is cancelled.
  class Watch final : public CancelNode {
   public:
    explicit Watch(Turn& turn) : turn_(turn) {}
    void OnCancelled(const Status& status) override;

   private:
    Turn& turn_;
  };

  const Ref<RequestContext> context_;
  ActorCell* cell_ = nullptr;
  Watch watch_{*this};
  TaskRun<void> run_;
};

// Turns in the order in which they came.
// Owner: owns its turns; those that are left are destroyed with it.
class TurnQueue {
 public:
  TurnQueue() = default;
  TurnQueue(const TurnQueue&) = delete;
  TurnQueue& operator=(const TurnQueue&) = delete;
  ~TurnQueue() {
    while (!empty()) Pop();
  }

  bool empty() const { return turns_.empty(); }
  size_t size() const { return size_; }

  Turn& Push(std::unique_ptr<Turn> turn) {
    Turn* const added = turn.release();
    turns_.PushBack(*added);
    ++size_;
    return *added;
  }
  std::unique_ptr<Turn> Pop() { return Remove(turns_.front()); }
  // `turn` must be in this queue.
  std::unique_ptr<Turn> Remove(Turn& turn) {
    turns_.Remove(turn);
    --size_;
    return std::unique_ptr<Turn>(&turn);
  }
  template <typename F>
  void ForEach(F function) const {
    turns_.ForEach(function);
  }

 private:
  Ring<Turn> turns_;
  size_t size_ = 0;
};

}  // namespace rota

#endif  // ROTA_ACTOR_TURN_H_
