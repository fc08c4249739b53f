#ifndef ROTA_ACTOR_PROMISE_H_
#define ROTA_ACTOR_PROMISE_H_

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "framework/base/block_pool.h"
#include "framework/base/check.h"
#include "framework/base/status.h"
#include "framework/base/status_or.h"

// The inside of Task<T>: how coroutines are linked, and how an error finds the one that catches it.
namespace rota {

template <typename T>
class Task;

// What a task ends with: StatusOr<T>, or Status where there is no value.
template <typename T>
struct OutcomeOf {
  using type = StatusOr<T>;
};
template <>
struct OutcomeOf<void> {
  using type = Status;
};
template <typename T>
using Outcome = typename OutcomeOf<T>::type;

namespace internal {

inline bool IsOk(const Status& status) { return status.ok(); }
template <typename T>
bool IsOk(const StatusOr<T>& result) {
  return result.ok();
}
inline Status TakeStatus(Status&& status) { return std::move(status); }
template <typename T>
Status TakeStatus(StatusOr<T>&& result) {
  return std::move(result).status();
}

// Where errors of a task stop: a Try() or the root of a chain of tasks.
class Catcher {
 public:
  // The task has returned, thrown (OK, and the promise has the rest) or failed with `status`, in which case its frames
  // wait to be destroyed. Returns the coroutine that goes on.
  virtual std::coroutine_handle<> OnEnd(Status status) = 0;

 protected:
  ~Catcher() = default;
};

// The part of a promise that does not depend on the type of the value.
// Thread: loop.
// Owner:  the frame of its coroutine, which belongs to a Task.
class PromiseBase : public Pooled {
 public:
  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> handle) noexcept {
      return handle.promise().End();
    }
    void await_resume() noexcept {}
  };

  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }

  // `parent` waits for this coroutine: it goes on when this one ends, and errors go on to it.
  void LinkTo(std::coroutine_handle<> waiting, PromiseBase& parent) {
    continuation_ = waiting;
    parent_ = &parent;
  }
  void LinkTo(Catcher& catcher) { catcher_ = &catcher; }

  // Gives `status` to the nearest catcher. The frames in between stay as they are, suspended, until the catcher destroys
  // them from the outside in; so may this promise be, before the call returns.
  std::coroutine_handle<> Unwind(Status status) noexcept {
    PromiseBase* promise = this;
    while (promise->catcher_ == nullptr) promise = promise->parent_;
    return promise->catcher_->OnEnd(std::move(status));
  }

  std::exception_ptr TakeException() { return std::exchange(exception_, nullptr); }

 protected:
  PromiseBase() = default;
  ~PromiseBase() = default;
  PromiseBase(const PromiseBase&) = delete;
  PromiseBase& operator=(const PromiseBase&) = delete;

  void Fail(Status status) { status_ = std::move(status); }

 private:
  std::coroutine_handle<> End() noexcept {
    if (!status_.ok()) return Unwind(std::move(status_));
    if (catcher_ != nullptr) return catcher_->OnEnd(OkStatus());
    return continuation_;
  }

  std::coroutine_handle<> continuation_;
  PromiseBase* parent_ = nullptr;
  Catcher* catcher_ = nullptr;
  Status status_;
  std::exception_ptr exception_;
};

template <typename T>
class Promise final : public PromiseBase {
 public:
  Task<T> get_return_object() noexcept;

  template <typename U = T>
    requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, Status> &&
             !std::is_same_v<std::remove_cvref_t<U>, StatusOr<T>>)
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  void return_value(Status status) {
    ROTA_CHECK(!status.ok(), "a Task<T> needs a value or an error, not an OK status");
    Fail(std::move(status));
  }
  void return_value(StatusOr<T> result) {
    if (result.ok()) {
      value_.emplace(*std::move(result));
    } else {
      Fail(std::move(result).status());
    }
  }

  // The value; throws what the coroutine threw. Only after it has returned or thrown.
  T Take() { return std::move(Value()); }
  // As Take(), but the value stays here.
  T& Value() {
    if (std::exception_ptr exception = TakeException()) std::rethrow_exception(std::move(exception));
    return *value_;
  }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void Take() {
    if (std::exception_ptr exception = TakeException()) std::rethrow_exception(std::move(exception));
  }
};

}  // namespace internal
}  // namespace rota

#endif  // ROTA_ACTOR_PROMISE_H_
