#ifndef ROTA_ACTOR_JOB_ASK_H_
#define ROTA_ACTOR_JOB_ASK_H_

#include <utility>

#include "framework/actor/actor_ref.h"
#include "framework/actor/task.h"
#include "framework/actor/task_run.h"
#include "framework/base/clock.h"
#include "framework/worker/loop_wait.h"

namespace rota {

// Inside of a job: asks an actor, as `co_await ref.Ask(function, timeout)` does on the loop, and suspends the job until the
// answer is there; its thread works for other jobs meanwhile. Returns StatusOr<R>, or Status where the answer has no
// value. The job goes on as soon as its request is cancelled, so `function` owns what it needs.
// Thread: a worker, inside of Job::Run().
template <typename A, typename F>
LoopAnswer<internal::AnswerOf<A, F>> AskFromJob(const ActorRef<A>& ref, F function, Duration timeout) {
  using R = internal::AnswerOf<A, F>;
  return WaitOnLoop<R>([&ref, &function, timeout](LoopPromise<R> promise) {
    auto ask = [](ActorRef<A> to, F asked, Duration limit) -> Task<R> { co_return co_await to.Ask(std::move(asked), limit); };
    StartTask<R>(ask(ref, std::move(function), timeout),
                 [promise = std::move(promise)](Outcome<R> outcome) mutable { promise.Set(std::move(outcome)); });
  });
}

}  // namespace rota

#endif  // ROTA_ACTOR_JOB_ASK_H_
