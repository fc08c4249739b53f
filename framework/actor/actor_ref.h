#ifndef ROTA_ACTOR_ACTOR_REF_H_
#define ROTA_ACTOR_ACTOR_REF_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "framework/actor/actor_system.h"
#include "framework/actor/task.h"
#include "framework/actor/turn.h"
#include "framework/actor/waiter.h"
#include "framework/base/clock.h"
#include "framework/base/log.h"
#include "framework/base/status.h"
#include "framework/context/request_context.h"

namespace rota {

namespace internal {

template <typename Type>
struct TaskValue;
template <typename T>
struct TaskValue<Task<T>> {
  using type = T;
};
// The R of a function (A&, RequestContext&) -> Task<R>.
template <typename A, typename F>
using AnswerOf = typename TaskValue<std::invoke_result_t<F&, A&, RequestContext&>>::type;

// What a turn that answers leaves for the one who asked.
template <typename R>
struct Answer {
  std::optional<R> value;
};
template <>
struct Answer<void> {};

template <typename A, typename F>
Task<void> RunFunction(F& function, A& actor, RequestContext& context, Answer<AnswerOf<A, F>>& answer) {
  if constexpr (std::is_void_v<AnswerOf<A, F>>) {
    static_cast<void>(answer);
    co_await function(actor, context);
  } else {
    answer.value.emplace(co_await function(actor, context));
  }
}

// A message without an answer.
template <typename A, typename F>
class TellTurn final : public Turn {
 public:
  TellTurn(Ref<RequestContext> context, std::string to, F function)
      : Turn(std::move(context)), to_(std::move(to)), function_(std::move(function)) {}

  Task<void> Run(Actor& actor, RequestContext& context) override {
    static_assert(std::is_void_v<AnswerOf<A, F>>, "nobody takes the answer of Tell(): return a Task<void>");
    return function_(static_cast<A&>(actor), context);
  }
  void Done(const Status& status) override {
    if (!status.ok()) Log(LogLevel::kWarn, "tell_failed", {{"actor", to_}, {"status", status.ToString()}});
  }

 private:
  const std::string to_;
  F function_;
};

}  // namespace internal

// The wait for the answer of an actor; see ActorRef::Ask().
template <typename A, typename F>
class [[nodiscard]] AskAwaiter final : public Waiter {
 public:
  using R = internal::AnswerOf<A, F>;

  AskAwaiter(ActorSystem& system, std::string kind, std::string key, F function, Duration timeout)
      : Waiter(system.loop()), system_(system), kind_(std::move(kind)), key_(std::move(key)), function_(std::move(function)), timeout_(timeout) {}
  ~AskAwaiter() override {
    if (turn_ != nullptr) turn_->asker = nullptr;
  }

  R await_resume() {
    if constexpr (!std::is_void_v<R>) return *std::move(answer_.value);
  }

 private:
  class AskTurn final : public Turn {
   public:
    AskTurn(Ref<RequestContext> context, AskAwaiter& from) : Turn(std::move(context)), asker(&from), function_(std::move(from.function_)) {}
    Task<void> Run(Actor& actor, RequestContext& context) override {
      return internal::RunFunction<A, F>(function_, static_cast<A&>(actor), context, answer_);
    }
    void Done(const Status& status) override {
      if (asker != nullptr) asker->OnAnswer(status, std::move(answer_));
    }

    AskAwaiter* asker;

   private:
    F function_;
    internal::Answer<R> answer_;
  };

  Status Start() override {
    ActorKind* const kind = system_.FindKind(kind_);
    if (kind == nullptr) return NotFoundError("no actor of kind '" + kind_ + "'");
    const TimePoint deadline = After(loop().Now(), timeout_);
    RequestContext* const parent = RequestContext::Current();
    Ref<RequestContext> context =
        parent != nullptr ? parent->Child(deadline)
                          : MakeRef<RequestContext>(loop(), RequestContext::Start{.deadline = deadline,
                                                                                  .trace_parent = TraceParent::Generate(),
                                                                                  .workers = system_.workers()});
    auto asking = std::make_unique<AskTurn>(std::move(context), *this);
    turn_ = asking.get();
    std::unique_ptr<Turn> turn = std::move(asking);
    Status status = system_.TrySend(*kind, key_, turn);
    if (!status.ok()) turn_ = nullptr;
    return status;
  }
  // The turn runs in a child of this request, so it has been cancelled, too. What it refers to may lie in the frame that
  // waits here, so the wait goes on until the turn is over.
  void Abandon(const Status& status) override { abandoned_ = status; }

  void OnAnswer(const Status& status, internal::Answer<R> answer) {
    turn_ = nullptr;
    answer_ = std::move(answer);
    Complete(abandoned_.ok() ? status : std::move(abandoned_));
  }

  ActorSystem& system_;
  const std::string kind_;
  const std::string key_;
  F function_;
  const Duration timeout_;
  AskTurn* turn_ = nullptr;
  internal::Answer<R> answer_;
  Status abandoned_;
};

// The address of an actor of type A. Holding one keeps nothing alive and starts nothing.
// Thread: loop. A value; must not outlive the actor system.
// Errors: an unknown kind is NOT_FOUND when it is used.
template <typename A>
class ActorRef {
 public:
  ActorRef(ActorSystem& system, std::string_view kind, std::string_view key) : system_(&system), kind_(kind), key_(key) {}

  const std::string& key() const { return key_; }

  // `R r = co_await ref.Ask(function, timeout)` runs `function`, a (A&, RequestContext&) -> Task<R>, as a turn of the
  // actor, in a child of the current request with a deadline of at most `timeout`, and gives its answer. Fails with what
  // the turn failed with, or DEADLINE_EXCEEDED. A cancelled ask takes its message back, or waits until the turn, which is
  // cancelled with it, has unwound; so `function` may refer to what lives in the asking coroutine.
  template <typename F>
  AskAwaiter<A, F> Ask(F function, Duration timeout) const {
    return AskAwaiter<A, F>(*system_, kind_, key_, std::move(function), timeout);
  }

  // Runs `function`, a (A&, RequestContext&) -> Task<void>, as a turn of the actor and waits for nothing. The turn has a
  // context of its own with the id and trace of this one and without its deadline; that it failed is logged.
  // Errors: when the message is not taken, see ActorSystem::TrySend().
  template <typename F>
  Status Tell(F function) const {
    ActorKind* const kind = system_->FindKind(kind_);
    if (kind == nullptr) return NotFoundError("no actor of kind '" + kind_ + "'");
    RequestContext* const current = RequestContext::Current();
    Ref<RequestContext> context =
        current != nullptr ? current->Detach()
                           : MakeRef<RequestContext>(system_->loop(), RequestContext::Start{.trace_parent = TraceParent::Generate(),
                                                                                            .workers = system_->workers()});
    std::unique_ptr<Turn> turn =
        std::make_unique<internal::TellTurn<A, F>>(std::move(context), key_.empty() ? kind_ : kind_ + "/" + key_, std::move(function));
    return system_->TrySend(*kind, key_, turn);
  }

 private:
  ActorSystem* system_;
  std::string kind_;
  std::string key_;
};

template <typename A>
ActorRef<A> ActorSystem::Get(std::string_view kind, std::string_view key) {
  return ActorRef<A>(*this, kind, key);
}

}  // namespace rota

#endif  // ROTA_ACTOR_ACTOR_REF_H_
