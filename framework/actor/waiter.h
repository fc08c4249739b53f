#ifndef ROTA_ACTOR_WAITER_H_
#define ROTA_ACTOR_WAITER_H_

#include <coroutine>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "framework/actor/promise.h"
#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/context/cancellation.h"
#include "framework/context/request_context.h"
#include "framework/loop/event_loop.h"

namespace rota {

// Base of what a coroutine waits for in the end: a timer, a job, an answer, a message. It keeps the rules that all of
// them share:
// - A wait in a context that is cancelled fails at once; one that is cancelled meanwhile fails then.
// - The coroutine goes on in a microtask, in the context in which it began to wait.
// - Destroying the coroutine takes the wait back.
// A derived class adds `T await_resume()`, which is called only after success.
// Thread: loop.
// Owner:  the frame of the coroutine that waits. Used once.
class Waiter : private CancelNode {
 public:
  bool await_ready() { return !Cancelled() && Ready(); }
  template <typename P>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<P> waiting) {
    return Suspend(waiting, waiting.promise());
  }

 protected:
  explicit Waiter(EventLoop& loop) : loop_(loop) {}
  ~Waiter() override;

  EventLoop& loop() const { return loop_; }

  // True: there is nothing to wait for.
  virtual bool Ready() { return false; }
  // The coroutine is suspended: begin. An error is how the wait ends.
  virtual Status Start() = 0;
  // The request was cancelled with `status`. Must lead to Complete(), now or once it is safe.
  virtual void Abandon(const Status& status) { Complete(status); }

  // Ends the wait, once: the coroutine goes on, or fails with `status`.
  void Complete(Status status = OkStatus());

 private:
  template <typename W>
  friend class TryWaiter;

  static bool Cancelled() {
    const RequestContext* const context = RequestContext::Current();
    return context != nullptr && context->cancelled();
  }
  void OnCancelled(const Status& status) final;
  std::coroutine_handle<> Suspend(std::coroutine_handle<> waiting, internal::PromiseBase& promise);
  std::coroutine_handle<> Next();

  EventLoop& loop_;
  std::coroutine_handle<> waiting_;
  internal::PromiseBase* promise_ = nullptr;
  Ref<ContextBase> context_;
  Status status_;
  std::optional<uint64_t> microtask_;
  bool completed_ = false;
  bool caught_ = false;
};

// co_await Try(waiter).
template <typename W>
class TryWaiter {
 public:
  using T = decltype(std::declval<W&>().await_resume());

  explicit TryWaiter(W& waiter) : waiter_(waiter) { waiter_.caught_ = true; }
  bool await_ready() { return waiter_.await_ready(); }
  template <typename P>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<P> waiting) {
    return waiter_.await_suspend(waiting);
  }
  Outcome<T> await_resume() {
    if (!waiter_.status_.ok()) return std::move(waiter_.status_);
    if constexpr (std::is_void_v<T>) {
      waiter_.await_resume();
      return OkStatus();
    } else {
      return waiter_.await_resume();
    }
  }

 private:
  W& waiter_;
};

// `co_await Try(Sleep(...))`, in one expression: gives what the wait ended with instead of failing with it.
template <typename W>
  requires std::is_base_of_v<Waiter, W>
TryWaiter<W> Try(W&& waiter) {
  return TryWaiter<W>(waiter);
}

}  // namespace rota

#endif  // ROTA_ACTOR_WAITER_H_
