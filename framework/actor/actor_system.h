#ifndef ROTA_ACTOR_ACTOR_SYSTEM_H_
#define ROTA_ACTOR_ACTOR_SYSTEM_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "framework/actor/actor_cell.h"
#include "framework/actor/actor_kind.h"
#include "framework/actor/turn.h"
#include "framework/base/callback.h"
#include "framework/base/ring_queue.h"
#include "framework/base/status.h"
#include "framework/loop/event_loop.h"

namespace rota {

class WorkerPool;
template <typename A>
class ActorRef;

// The actors of one kind. Opaque; see ActorSystem::FindKind().
class ActorKind {
 public:
  const std::string& name() const { return options_.name; }
  const KindStats& stats() const { return stats_; }

 private:
  friend class ActorSystem;
  struct KeyHash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };

  using Cells = std::unordered_map<std::string, std::unique_ptr<ActorCell>, KeyHash, std::equal_to<>>;

  explicit ActorKind(KindOptions options) : options_(std::move(options)) {}

  KindOptions options_;
  KindStats stats_;
  Cells cells_;
};

// All actors of a process: takes messages to their mailboxes and gives each actor its turns.
// Thread: loop.
// Owner:  main(). Outlives the ActorRefs; destroyed before the loop and after the worker pool has stopped.
// Order:  FIFO per sender and receiver; in fact FIFO per receiver. Actors with messages take turns one by one, so that
//         none starves another. Between different receivers nothing is promised.
class ActorSystem {
 public:
  // `workers` may be null where no handler uses RunBlocking().
  ActorSystem(EventLoop& loop, WorkerPool* workers);
  // What still waits or runs is destroyed and ends with CANCELLED; OnStop() is not called, see Stop().
  ~ActorSystem();
  ActorSystem(const ActorSystem&) = delete;
  ActorSystem& operator=(const ActorSystem&) = delete;

  // ALREADY_EXISTS for a name that is taken; INVALID_ARGUMENT without a name or factory.
  Status RegisterKind(KindOptions options);
  // Null when there is no such kind. Lives as long as the system.
  ActorKind* FindKind(std::string_view name);
  // Every kind, by name.
  const std::map<std::string, std::unique_ptr<ActorKind>, std::less<>>& kinds() const { return kinds_; }

  // Queues a message for the actor of `key`. On success takes `turn`; otherwise leaves it, and its Done() is not called.
  // Errors: RESOURCE_EXHAUSTED (mailbox full, too many actors), UNAVAILABLE (down, stopping), that of a cancelled context.
  Status TrySend(ActorKind& kind, std::string_view key, std::unique_ptr<Turn>& turn);
  // As TrySend(), but errors go to Done(). NOT_FOUND for an unknown kind.
  void Send(std::string_view kind, std::string_view key, std::unique_ptr<Turn> turn);

  // The actor of a kind and key, which need not exist. Defined in framework/actor/actor_ref.h.
  template <typename A>
  ActorRef<A> Get(std::string_view kind, std::string_view key = "");

  // Refuses messages from now on, cancels what runs, calls OnStop() of every actor once its turns have ended, then `done`,
  // once. A handler that waits for a running job ends with the job.
  void Stop(Callback done);

  EventLoop& loop() const { return loop_; }
  WorkerPool* workers() const { return workers_; }

 private:
  friend class ActorCell;

  // The least number of turns in one go, before the loop gets to run other things.
  static constexpr size_t kBurst = 1000;

  void MakeReady(ActorCell& cell);
  void RunReady();
  void Remove(ActorCell& cell);
  void OnStopped();

  // Constant after construction.
  EventLoop& loop_;
  WorkerPool* const workers_;

  std::map<std::string, std::unique_ptr<ActorKind>, std::less<>> kinds_;
  // The cell that was removed last: it may be on the stack still.
  ActorKind::Cells::node_type removed_;
  RingQueue<ActorCell*> ready_;
  bool running_ready_ = false;
  std::optional<uint64_t> microtask_;
  Immediate immediate_;
  size_t stopping_ = 0;
  bool stopped_ = false;
  Callback on_stopped_;
};

}  // namespace rota

#endif  // ROTA_ACTOR_ACTOR_SYSTEM_H_
