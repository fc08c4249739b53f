#ifndef ROTA_ACTOR_SLEEP_H_
#define ROTA_ACTOR_SLEEP_H_

#include <source_location>

#include "framework/actor/waiter.h"
#include "framework/base/clock.h"
#include "framework/context/request_context.h"
#include "framework/loop/event_loop.h"

namespace rota {

// `co_await Sleep(ctx, 100ms)` goes on in a timers phase, `delay` from now or later. Rounds as EventLoop::SetTimeout().
// Fails when the request is cancelled.
class [[nodiscard]] Sleep final : public Waiter {
 public:
  // `where` is the owner of the timer in EventLoop::ListRefs().
  Sleep(EventLoop& loop, Duration delay, const std::source_location& where = std::source_location::current())
      : Waiter(loop), delay_(delay), where_(where) {}
  Sleep(RequestContext& context, Duration delay, const std::source_location& where = std::source_location::current())
      : Sleep(context.loop(), delay, where) {}
  ~Sleep() override { timer_.Clear(); }

  void await_resume() {}

 private:
  Status Start() override {
    timer_ = loop().SetTimeout(delay_, [this] { Complete(); }, where_);
    return OkStatus();
  }
  void Abandon(const Status& status) override {
    timer_.Clear();
    Complete(status);
  }

  const Duration delay_;
  const std::source_location where_;
  Timer timer_;
};

}  // namespace rota

#endif  // ROTA_ACTOR_SLEEP_H_
