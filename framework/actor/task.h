#ifndef ROTA_ACTOR_TASK_H_
#define ROTA_ACTOR_TASK_H_

#include <coroutine>
#include <type_traits>
#include <utility>
#include <variant>

#include "framework/actor/promise.h"
#include "framework/base/status.h"
#include "framework/base/status_or.h"

namespace rota {

template <typename T>
class TaskRun;

namespace internal {
template <typename T>
class TaskAwaiter;
template <typename T>
class ReferAwaiter;
template <typename T>
class TryAwaiter;
}  // namespace internal

// What a handler returns: a T or a Status, now or later. It is either a result that is there at once, which costs no
// coroutine, or a coroutine that has not started yet:
//
//     Task<Stat> Head(...) { return index_.Find(name); }                       // a value or a Status
//     Task<Stat> Put(...)  { co_return co_await ctx.RunBlocking([...] {...}); }
//
// In a coroutine `co_await task` gives the T. Where the task fails, the awaiting coroutine does not go on: it and those
// that wait for it are destroyed, so that their destructors run, up to the nearest `co_await Try(task)`, which gives a
// StatusOr<T> (for void a Status), or the root. `co_await status` and `co_await status_or` fail in the same way, which is
// how a Task<void> reports an error; a Task<T> may as well `co_return status`. Exceptions stay exceptions: they pass
// through co_await and Try() and can be caught.
// Thread: loop.
// Owner:  a value. Dropping it destroys the coroutine, which takes back what it waits for.
template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = internal::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  template <typename U = T>
    requires(!std::is_void_v<T> && std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, Status> &&
             !std::is_same_v<std::remove_cvref_t<U>, Outcome<T>> && !std::is_same_v<std::remove_cvref_t<U>, Task>)
  Task(U&& value) : state_(std::in_place_index<1>, std::forward<U>(value)) {}  // NOLINT: implicit by design
  Task(Outcome<T> outcome) : state_(std::in_place_index<1>, std::move(outcome)) {}  // NOLINT: implicit by design
  Task(Status status)  // NOLINT: implicit by design
    requires(!std::is_void_v<T>)
      : state_(std::in_place_index<1>, std::move(status)) {}

  Task(Task&& other) noexcept : state_(std::exchange(other.state_, Handle())) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      Destroy();
      state_ = std::exchange(other.state_, Handle());
    }
    return *this;
  }
  ~Task() { Destroy(); }

  internal::TaskAwaiter<T> operator co_await() && { return internal::TaskAwaiter<T>(*this); }

 private:
  friend promise_type;
  friend internal::TaskAwaiter<T>;
  friend internal::ReferAwaiter<T>;
  friend internal::TryAwaiter<T>;
  friend TaskRun<T>;

  explicit Task(Handle handle) noexcept : state_(handle) {}

  // Null where the result is there at once.
  Handle handle() const { return state_.index() == 0 ? std::get<0>(state_) : Handle(); }
  bool immediate() const { return state_.index() == 1; }
  Outcome<T>& outcome() { return std::get<1>(state_); }
  void Destroy() noexcept {
    if (Handle coroutine = handle()) {
      state_ = Handle();
      coroutine.destroy();
    }
  }

  std::variant<Handle, Outcome<T>> state_;
};

namespace internal {

template <typename T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

// co_await task. The task, even a temporary one, lives as long as the expression and so as the awaiter.
template <typename T>
class TaskAwaiter {
 public:
  explicit TaskAwaiter(Task<T>& task) : task_(task) {}

  bool await_ready() { return task_.immediate() && IsOk(task_.outcome()); }
  template <typename P>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<P> waiting) {
    if (task_.immediate()) return waiting.promise().Unwind(TakeStatus(std::move(task_.outcome())));
    task_.handle().promise().LinkTo(waiting, waiting.promise());
    return task_.handle();
  }
  T await_resume() {
    if (!task_.immediate()) return task_.handle().promise().Take();
    if constexpr (!std::is_void_v<T>) return *std::move(task_.outcome());
  }

 protected:
  Task<T>& task_;
};

// co_await Refer(task): the value stays where it is and lives as long as the task, so a large one is not moved.
template <typename T>
class ReferAwaiter : public TaskAwaiter<T> {
 public:
  using TaskAwaiter<T>::TaskAwaiter;
  T& await_resume() {
    if (this->task_.immediate()) return *this->task_.outcome();
    return this->task_.handle().promise().Value();
  }
};
template <typename T>
ReferAwaiter<T> Refer(Task<T>& task) {
  return ReferAwaiter<T>(task);
}

// co_await Try(task).
template <typename T>
class TryAwaiter final : private Catcher {
 public:
  explicit TryAwaiter(Task<T> task) : task_(std::move(task)) {}

  bool await_ready() { return task_.immediate(); }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    task_.handle().promise().LinkTo(*this);
    return task_.handle();
  }
  Outcome<T> await_resume() {
    if (task_.immediate()) return std::move(task_.outcome());
    // What the coroutine holds goes before its caller goes on.
    const Task<T> ended = std::move(task_);
    if (!status_.ok()) return std::move(status_);
    if constexpr (std::is_void_v<T>) {
      ended.handle().promise().Take();
      return OkStatus();
    } else {
      return ended.handle().promise().Take();
    }
  }

 private:
  friend class rota::Task<T>;
  std::coroutine_handle<> OnEnd(Status status) override {
    status_ = std::move(status);
    return waiting_;
  }

  Task<T> task_;
  std::coroutine_handle<> waiting_;
  Status status_;
};

}  // namespace internal

// `co_await Try(task)` gives what the task ended with instead of failing with it.
template <typename T>
internal::TryAwaiter<T> Try(Task<T> task) {
  return internal::TryAwaiter<T>(std::move(task));
}

namespace internal {

// co_await status and co_await status_or.
template <typename T>
class ResultAwaiter {
 public:
  explicit ResultAwaiter(Outcome<T> outcome) : outcome_(std::move(outcome)) {}
  bool await_ready() { return IsOk(outcome_); }
  template <typename P>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<P> waiting) {
    return waiting.promise().Unwind(TakeStatus(std::move(outcome_)));
  }
  T await_resume() {
    if constexpr (!std::is_void_v<T>) return *std::move(outcome_);
  }

 private:
  Outcome<T> outcome_;
};

}  // namespace internal

inline internal::ResultAwaiter<void> operator co_await(Status status) {
  return internal::ResultAwaiter<void>(std::move(status));
}
template <typename T>
internal::ResultAwaiter<T> operator co_await(StatusOr<T> result) {
  return internal::ResultAwaiter<T>(std::move(result));
}

}  // namespace rota

#endif  // ROTA_ACTOR_TASK_H_
