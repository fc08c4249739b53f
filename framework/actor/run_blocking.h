#ifndef ROTA_ACTOR_RUN_BLOCKING_H_
#define ROTA_ACTOR_RUN_BLOCKING_H_

#include <exception>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

#include "framework/actor/waiter.h"
#include "framework/base/status.h"
#include "framework/base/status_or.h"
#include "framework/context/request_context.h"
#include "framework/worker/job.h"
#include "framework/worker/worker_pool.h"

namespace rota {

namespace internal {

// What `co_await` gives for a function that returns R: a Status or StatusOr fails the wait instead of being given back.
template <typename R>
struct JobResult {
  using Value = R;
  std::optional<R> result;
  Status status() { return OkStatus(); }
  R Take() { return *std::move(result); }
};
template <typename T>
struct JobResult<StatusOr<T>> {
  using Value = T;
  std::optional<StatusOr<T>> result;
  Status status() { return result->status(); }
  T Take() { return **std::move(result); }
};
template <>
struct JobResult<Status> {
  using Value = void;
  std::optional<Status> result;
  Status status() { return *std::move(result); }
  void Take() {}
};
template <>
struct JobResult<void> {
  using Value = void;
  Status status() { return OkStatus(); }
  void Take() {}
};

}  // namespace internal

// The wait for a job; see RequestContext::RunBlocking(). The function lies in the frame of the coroutine and may hold
// references to it: the wait ends only when the job has.
// Thread: loop, but the function runs on a worker.
// Errors: those of WorkerPool::Submit(); FAILED_PRECONDITION where there is no pool; the status that the function returned.
//         An exception of the function comes back as that exception.
// Cancel: a job that waits in the queue is taken back at once, one that runs is waited for.
template <typename F>
class [[nodiscard]] JobAwaiter final : public Waiter, private Job {
 public:
  using R = std::invoke_result_t<F&>;

  JobAwaiter(RequestContext& context, JobKind kind, F function, const std::source_location& where)
      : Waiter(context.loop()), context_(context), kind_(kind), where_(where), function_(std::move(function)) {}
  ~JobAwaiter() override {
    if (submitted_) context_.workers()->TryCancel(*this);
  }

  typename internal::JobResult<R>::Value await_resume() {
    if (exception_) std::rethrow_exception(exception_);
    return result_.Take();
  }

 private:
  Status Start() override {
    WorkerPool* const workers = context_.workers();
    if (workers == nullptr) return FailedPreconditionError("RunBlocking() needs a worker pool, and this context has none");
    Status status = workers->Submit(*this, kind_, context_.deadline(), where_);
    submitted_ = status.ok();
    return status;
  }
  void Abandon(const Status& status) override {
    abandoned_ = status;
    if (!context_.workers()->TryCancel(*this)) return;  // Done() will come.
    submitted_ = false;
    Complete(status);
  }
  void Run() override {
    try {
      if constexpr (std::is_void_v<R>) {
        function_();
      } else {
        result_.result.emplace(function_());
      }
    } catch (...) {
      exception_ = std::current_exception();
    }
  }
  void Done(const Status& status) override {
    submitted_ = false;
    if (!abandoned_.ok()) return Complete(std::move(abandoned_));
    if (!status.ok()) return Complete(status);
    Complete(exception_ ? OkStatus() : result_.status());
  }

  RequestContext& context_;
  const JobKind kind_;
  const std::source_location where_;
  F function_;
  // Written by the job, read once it is done.
  internal::JobResult<R> result_;
  std::exception_ptr exception_;
  // Loop thread only.
  Status abandoned_;
  bool submitted_ = false;
};

// `R r = co_await RunBlocking(ctx, JobKind::kSlow, [&] { ... })` runs the function as a job on the worker pool.
template <typename F>
JobAwaiter<F> RunBlocking(RequestContext& context, JobKind kind, F function,
                          const std::source_location& where = std::source_location::current()) {
  return JobAwaiter<F>(context, kind, std::move(function), where);
}

template <typename F>
JobAwaiter<F> RequestContext::RunBlocking(F function, const std::source_location& where) {
  return JobAwaiter<F>(*this, JobKind::kFast, std::move(function), where);
}

}  // namespace rota

#endif  // ROTA_ACTOR_RUN_BLOCKING_H_
