#ifndef ROTA_ACTOR_TASK_RUN_H_
#define ROTA_ACTOR_TASK_RUN_H_

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "framework/actor/promise.h"
#include "framework/actor/task.h"
#include "framework/base/callback.h"
#include "framework/base/status.h"

namespace rota {

// The root of a chain of tasks: starts one and takes what it ends with.
// Thread: loop.
// Owner:  whoever starts the task. Destroying it destroys the coroutine, and `done` is not called.
template <typename T>
class TaskRun final : private internal::Catcher {
 public:
  // Either the outcome counts, or `exception` is set. The frames of the task are gone when it is called.
  using Done = UniqueFunction<void(Outcome<T> outcome, std::exception_ptr exception)>;

  TaskRun() = default;
  TaskRun(const TaskRun&) = delete;
  TaskRun& operator=(const TaskRun&) = delete;

  // Runs `task` up to its first wait. Calls `done` once, maybe before it returns; `done` may destroy this object.
  void Start(Task<T>&& task, Done done) {
    if (task.immediate()) return done(std::move(task.outcome()), nullptr);
    done_ = std::move(done);
    task_.emplace(std::move(task));
    task_->handle().promise().LinkTo(*this);
    task_->handle().resume();
  }
  // As the destructor does.
  void Destroy() {
    const std::optional<Task<T>> ended = std::exchange(task_, std::nullopt);
  }

 private:
  std::coroutine_handle<> OnEnd(Status status) override {
    Done done = std::move(done_);
    Task<T> ended = *std::move(task_);
    task_.reset();
    Finish(ended, std::move(status), done);
    return std::noop_coroutine();
  }
  static void Finish(Task<T>& ended, Status status, Done& done) {
    std::exception_ptr exception = status.ok() ? ended.handle().promise().TakeException() : nullptr;
    if (exception) status = InternalError("a task threw an exception");
    if constexpr (std::is_void_v<T>) {
      ended.Destroy();
      done(std::move(status), std::move(exception));
    } else {
      Outcome<T> outcome = status.ok() ? Outcome<T>(ended.handle().promise().Take()) : Outcome<T>(std::move(status));
      ended.Destroy();
      done(std::move(outcome), std::move(exception));
    }
  }

  std::optional<Task<T>> task_;
  Done done_;
};

// Runs `task` on its own; `done` takes what it ends with, an exception as INTERNAL. A task that never ends leaks: give it
// a context that is cancelled.
template <typename T>
void StartTask(Task<T> task, UniqueFunction<void(Outcome<T>)> done) {
  struct Detached {
    TaskRun<T> run;
    UniqueFunction<void(Outcome<T>)> done;
  };
  Detached* const detached = new Detached{{}, std::move(done)};
  detached->run.Start(std::move(task), [detached](Outcome<T> outcome, std::exception_ptr) {
    UniqueFunction<void(Outcome<T>)> done = std::move(detached->done);
    delete detached;
    done(std::move(outcome));
  });
}

}  // namespace rota

#endif  // ROTA_ACTOR_TASK_RUN_H_
