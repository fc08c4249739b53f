// How the loop runs: its iteration, callbacks, errors and end. Its phases are in phases.cc.

#include "framework/loop/event_loop.h"

#include <string>
#include <utility>

#include "framework/base/log.h"

namespace rota {
namespace {

std::string DescribeException(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    return exception.what();
  } catch (...) {
    return "not a std::exception";
  }
}

}  // namespace

[[gnu::always_inline]] inline StepEnd EventLoop::Guarded(Callback& callback, ContextBase* context, bool errors_keep_context) {
  meter_.LetTimePass();
  const ContextScope scope(context);
  try {
    callback();
  } catch (...) {
    if (!errors_keep_context) SwitchContext(nullptr);
    HandleUncaught(std::current_exception());
    if (!exiting() && follows_node()) return StepEnd::kThrew;
  }
  return exiting() ? StepEnd::kStop : StepEnd::kDone;
}

struct EventLoop::TickRunner {
  // Inline, as all between the drain and the callback: a tick is over in some nanoseconds, and calls are half of them.
  [[gnu::always_inline]] StepEnd RunTick(ScheduledCallback& tick) const {
    Count(loop.stats_.ticks);
    return loop.Guarded(tick.callback, tick.context.get());
  }
  StepEnd RunMicrotask(ScheduledCallback& microtask) const {
    Count(loop.stats_.microtasks);
    // Node 20 loses the context of a microtask before it handles what the microtask throws.
    return loop.Guarded(microtask.callback, microtask.context.get(), !loop.follows_node());
  }
  StepEnd RunError(UnhandledError& unhandled) const {
    Callback handle = [this, &unhandled] {
      if (!loop.unhandled_) std::rethrow_exception(unhandled.error);
      loop.unhandled_(unhandled.error);
    };
    return loop.Guarded(handle, unhandled.context.get());
  }

  void Count(uint64_t& counter) const {
    ++counter;
    if (--loop.drain_budget_ == 0) loop.TellOfStarvation();
  }

  EventLoop& loop;
};

EventLoop::EventLoop(Clock& clock) : EventLoop(clock, Options()) {}

EventLoop::EventLoop(Clock& clock, Options options)
    : clock_(clock), options_(options), thread_(std::this_thread::get_id()) {}

EventLoop::~EventLoop() {
  // What was posted after the end is destroyed here, on the loop's thread.
  while (!posted_.empty()) posted_.DropFront();
  inbox_.Take(posted_);
}

void EventLoop::RunCompletion(Ref<ContextBase> context, Callback&& completion) {
  ++completions_;
  if (PollHasBudget()) {
    RunCallback(Phase::kPoll, completion, context.get());
  } else {
    ++stats_.deferred;
    pending_.Push({std::move(completion), std::move(context)});
  }
}

// ---- Running.

int EventLoop::Run(Callback main) {
  thread_ = std::this_thread::get_id();
  meter_.LetTimePass();
  const auto guarded = [this](Callback& callback, ContextBase* context) { return Guarded(callback, context); };
  if (main) guarded(main, nullptr);
  DrainTicks();
  do {
    RunUntilEmpty();
    if (exit_.TakeStop()) return exit_.code();
    if (exit_.RunBefore(guarded)) DrainTicks();
  } while (alive() && !exiting());
  exit_.RunHooks(guarded);
  if (!exiting()) tick_queue_.DrainMicrotasks(TickRunner{*this});
  entered_.clear();
  return exit_.code();
}

// As uv_run(UV_RUN_DEFAULT) of libuv 1.46.
void EventLoop::RunUntilEmpty() {
  if (!alive() || exiting() || exit_.stopped()) return;
  // From here on one iteration runs, whatever the timers do.
  RunTimers();
  do {
    RunIteration();
  } while (alive() && !exiting() && !exit_.stopped());
  meter_.EndIteration();
}

bool EventLoop::RunOnce() {
  thread_ = std::this_thread::get_id();
  meter_.LetTimePass();
  DrainTicks();
  if (!exiting()) RunIteration();
  meter_.EndIteration();
  return alive() && !exiting();
}

void EventLoop::EnterWith(Ref<ContextBase> context) {
  SwitchContext(context.get());
  entered_.push_back(std::move(context));
}

bool EventLoop::alive() const { return refs_.total() > 0 || has_pending() || !inbox_.empty(); }

void EventLoop::RunIteration() {
  meter_.BeginIteration();
  if (has_pending()) RunPending();
  RunPoll();
  RunCheck();
  if (!closing_.empty()) RunClose();
  RunTimers();
  if (!entered_.empty()) entered_.clear();
}

// ---- Callbacks.

StepEnd EventLoop::DrainTicks() {
  if (exiting()) return StepEnd::kStop;
  if (tick_queue_.empty()) return StepEnd::kDone;
  drain_budget_ = options_.tick_budget;
  return tick_queue_.Drain(TickRunner{*this});
}

void EventLoop::TellOfStarvation() {
  ++stats_.tick_starvations;
  Log(LogLevel::kWarn, "loop_starved", {{"by", "ticks"}, {"drained", options_.tick_budget}, {"waiting", tick_queue_.ticks() + tick_queue_.microtasks()}});
}

bool EventLoop::RunCallback(Phase phase, Callback& callback, ContextBase* context) {
  if (RunStep(phase, callback, context) == StepEnd::kDone) DrainTicks();
  return !exiting();
}

StepEnd EventLoop::RunStep(Phase phase, Callback& callback, ContextBase* context) {
  ++stats_.callbacks[static_cast<size_t>(phase)];
  return Guarded(callback, context);
}

void EventLoop::RunHooks(HookList& hooks) {
  if (exiting()) return;
  hooks.ForEach([this](LoopHook& hook) {
    Callback run = [&hook] { hook.RunHook(); };
    Guarded(run, nullptr);
    DrainTicks();
  });
}

void EventLoop::HandleUncaught(std::exception_ptr error) {
  ++stats_.uncaught;
  if (!uncaught_) {
    Log(LogLevel::kError, "uncaught_exception", {{"what", DescribeException(error)}});
    Exit(1);
    return;
  }
  try {
    uncaught_(error);
  } catch (...) {
    Log(LogLevel::kError, "uncaught_exception_in_handler", {{"what", DescribeException(std::current_exception())}});
    Exit(7);
  }
  // As in Node: poll does not wait, so what the callback has left in the queues runs soon.
  if (follows_node() && !exiting()) SetImmediate([] {});
}

}  // namespace rota
