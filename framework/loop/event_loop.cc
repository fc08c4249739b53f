#include "framework/loop/event_loop.h"

#include <algorithm>
#include <string>
#include <utility>

#include "framework/base/log.h"

namespace rota {
namespace {

constexpr int64_t kLongestDelayMs = 2147483647;  // 2^31 - 1, as in Node.

// Rounded up, so that no timer runs early.
int64_t DelayInMilliseconds(Duration delay) {
  const int64_t ms = std::chrono::ceil<std::chrono::milliseconds>(delay).count();
  return std::clamp<int64_t>(ms, 1, kLongestDelayMs);
}

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

EventLoop::EventLoop(Clock& clock) : EventLoop(clock, Options()) {}

EventLoop::EventLoop(Clock& clock, Options options)
    : clock_(clock), options_(options), thread_(std::this_thread::get_id()), poller_([this] { OnWake(); }) {}

EventLoop::~EventLoop() {
  // What was posted after the end is destroyed here, on the loop's thread.
  inbox_.Take(batch_);
}

// ---- Scheduling.

Timer EventLoop::StartTimer(Duration delay, bool repeats, Callback callback) {
  Ref<TimerNode> node =
      MakeRef<TimerNode>(std::move(callback), CaptureContext(), DelayInMilliseconds(delay), repeats);
  timers_.Arm(*node, clock_.Now());
  return Timer(this, std::move(node));
}

Timer EventLoop::SetTimeout(Duration delay, Callback callback) { return StartTimer(delay, false, std::move(callback)); }

Timer EventLoop::SetInterval(Duration period, Callback callback) {
  return StartTimer(period, true, std::move(callback));
}

Immediate EventLoop::SetImmediate(Callback callback) {
  refs_.Add(RefKind::kImmediate);
  return Immediate(this, immediates_.Push({std::move(callback), CaptureContext(), true}));
}

void EventLoop::NextTick(Callback callback) { tick_queue_.PushTick({std::move(callback), CaptureContext()}); }

uint64_t EventLoop::QueueMicrotask(Callback callback) {
  return tick_queue_.PushMicrotask({std::move(callback), CaptureContext()});
}

Ref<Handle> EventLoop::OpenHandle() { return Ref<Handle>(new Handle(*this)); }

void EventLoop::Post(Callback callback) {
  if (inbox_.Add(std::move(callback))) poller_.Wake();
}

void EventLoop::RunCompletion(Operation operation, Callback completion) {
  Ref<ContextBase> context(operation.context());
  // The ref ends before the callback, as that of a request does in libuv: the callback may look at the counts.
  { const Operation done = std::move(operation); }
  if (PollHasBudget()) {
    RunCallback(Phase::kPoll, completion, context.get());
  } else {
    ++stats_.deferred;
    pending_.Push({std::move(completion), std::move(context)});
  }
}

// ---- Running.

int EventLoop::Run() {
  thread_ = std::this_thread::get_id();
  DrainTicks();
  if (alive() && !exiting_) RunTimers();
  while (!exiting_) {
    while (alive() && !exiting_) RunIteration();
    if (exiting_) break;
    for (size_t i = 0; i < before_exit_.size() && !exiting_; ++i) {
      Guarded(before_exit_[i], nullptr);
      DrainTicks();
    }
    if (!alive()) break;
  }
  for (auto& hook : exit_hooks_) hook(exit_code_);
  return exit_code_;
}

bool EventLoop::RunOnce() {
  thread_ = std::this_thread::get_id();
  DrainTicks();
  if (!exiting_) RunIteration();
  return alive() && !exiting_;
}

void EventLoop::Exit(int code) {
  if (std::exchange(exiting_, true)) return;
  exit_code_ = code;
}

bool EventLoop::alive() const { return refs_.total() > 0 || !pending_.empty() || !inbox_.empty(); }

void EventLoop::RunIteration() {
  iteration_start_ = phase_start_ = clock_.Now();
  iteration_idle_ = Duration::zero();
  ++stats_.iterations;
  RunPending();
  RunPoll();
  RunCheck();
  RunClose();
  RunTimers();
  stats_.iteration_duration.Record(clock_.Now() - iteration_start_ - iteration_idle_);
  if (observer_ != nullptr) observer_->OnIteration(stats_.iterations);
}

void EventLoop::RunTimers() {
  if (exiting_ || timers_.empty()) return;
  BeginWork();
  const uint64_t before = stats_.callbacks[static_cast<size_t>(Phase::kTimers)];
  timers_.RunExpired(clock_, [this](TimerNode& timer, Duration lateness) {
    stats_.timer_lag.Record(lateness);
    const Ref<ContextBase> context = timer.context;
    return RunCallback(Phase::kTimers, timer.callback, context.get());
  });
  EndPhase(Phase::kTimers, before);
}

void EventLoop::RunPending() {
  if (exiting_ || pending_.empty()) return;
  BeginWork();
  const uint64_t before = stats_.callbacks[static_cast<size_t>(Phase::kPending)];
  // A snapshot: what a callback puts off waits for the next iteration.
  for (size_t left = pending_.size(); left > 0; --left) {
    Completion completion = pending_.Pop();
    if (!RunCallback(Phase::kPending, completion.callback, completion.context.get())) break;
  }
  EndPhase(Phase::kPending, before);
}

void EventLoop::RunPoll() {
  if (exiting_) return;
  const uint64_t before = stats_.callbacks[static_cast<size_t>(Phase::kPoll)];
  poll_callbacks_ = 0;
  BeginWork();
  RunHooks(prepare_hooks_);
  bool ready = poller_.PollOne();
  if (!ready && MayBlock()) {
    Wait();
    ready = true;
  }
  // Over the budget a completion costs no more than a move into pending_, so this ends: each outstanding operation
  // completes once, and none is started meanwhile.
  while (ready && !exiting_) ready = poller_.PollOne();
  RunHooks(check_hooks_);
  EndPhase(Phase::kPoll, before);
}

bool EventLoop::MayBlock() const {
  return !exiting_ && pending_.empty() && closing_.empty() && refs_.count(RefKind::kImmediate) == 0 &&
         refs_.total() > 0 && inbox_.empty();
}

void EventLoop::Wait() {
  const TimePoint next = timers_.next_expiry();
  wait_start_ = clock_.Now();
  if (next <= wait_start_) return;
  if (time_holds_ == 0 && next != kNoDeadline && clock_.SkipTo(next)) return;
  waiting_ = true;
  // A manual clock that is held does not run out: only a completion ends the wait.
  poller_.WaitOne(time_holds_ > 0 && clock_.IsManual() ? kNoDeadline : next);
  BeginWork();
}

// The first callback after a wait ends the idle time, not the return from it.
void EventLoop::BeginWork() {
  const TimePoint now = clock_.Now();
  if (std::exchange(waiting_, false)) {
    const Duration idle = now - wait_start_;
    stats_.idle += idle;
    iteration_idle_ += idle;
  }
  phase_start_ = now;
}

void EventLoop::EndPhase(Phase phase, uint64_t callbacks_before) {
  const uint64_t callbacks = stats_.callbacks[static_cast<size_t>(phase)] - callbacks_before;
  if (callbacks == 0) return;
  const Duration at_work = clock_.Now() - phase_start_;
  stats_.phase_duration[static_cast<size_t>(phase)].Record(at_work);
  if (observer_ != nullptr) observer_->OnPhase(phase, at_work, callbacks);
}

bool EventLoop::PollHasBudget() {
  if (waiting_) BeginWork();
  // What was put off earlier, which a pending phase may do too, goes first.
  if (!pending_.empty()) return false;
  if (poll_callbacks_ >= options_.poll_budget_callbacks) return false;
  // Every eighth callback is often enough to look at the clock.
  if (poll_callbacks_ % 8 == 7 && clock_.Now() - phase_start_ >= options_.poll_budget_time) {
    poll_callbacks_ = options_.poll_budget_callbacks;
    return false;
  }
  ++poll_callbacks_;
  return true;
}

void EventLoop::OnWake() {
  std::vector<Callback> batch = std::exchange(batch_, {});
  inbox_.Take(batch);
  ++stats_.post_batches;
  stats_.posted += batch.size();
  for (Callback& callback : batch) {
    if (exiting_) break;
    if (PollHasBudget()) {
      RunCallback(Phase::kPoll, callback, nullptr);
    } else {
      ++stats_.deferred;
      pending_.Push({std::move(callback), nullptr});
    }
  }
  batch.clear();
  batch_ = std::move(batch);
}

void EventLoop::RunCheck() {
  if (exiting_ || immediates_.empty()) return;
  BeginWork();
  const uint64_t before = stats_.callbacks[static_cast<size_t>(Phase::kCheck)];
  for (size_t left = immediates_.size(); left > 0; --left) {
    QueuedImmediate immediate = immediates_.Pop();
    if (!immediate.callback) continue;
    if (immediate.has_ref) refs_.Remove(RefKind::kImmediate);
    if (!RunCallback(Phase::kCheck, immediate.callback, immediate.context.get())) break;
  }
  EndPhase(Phase::kCheck, before);
}

void EventLoop::RunClose() {
  if (exiting_ || closing_.empty()) return;
  BeginWork();
  const uint64_t before = stats_.callbacks[static_cast<size_t>(Phase::kClose)];
  std::vector<Ref<Handle>> batch = std::exchange(closing_, {});
  for (; !batch.empty(); batch.pop_back()) {
    Handle& handle = *batch.back();
    refs_.Remove(RefKind::kClosing);
    if (handle.on_closed_ && !RunCallback(Phase::kClose, handle.on_closed_, handle.context_.get())) break;
  }
  EndPhase(Phase::kClose, before);
}

bool EventLoop::RunCallback(Phase phase, Callback& callback, ContextBase* context) {
  ++stats_.callbacks[static_cast<size_t>(phase)];
  Guarded(callback, context);
  DrainTicks();
  return !exiting_;
}

void EventLoop::DrainTicks() {
  if (exiting_ || tick_queue_.empty()) return;
  tick_queue_.Drain(
      [this](ScheduledCallback& tick) {
        ++stats_.ticks;
        Guarded(tick.callback, tick.context.get());
        return !exiting_;
      },
      [this](ScheduledCallback& microtask) {
        ++stats_.microtasks;
        Guarded(microtask.callback, microtask.context.get());
        return !exiting_;
      });
}

void EventLoop::RunHooks(HookList& hooks) {
  if (exiting_ || hooks.empty()) return;
  hooks.ForEach([this](LoopHook& hook) {
    Callback run = [&hook] { hook.RunHook(); };
    Guarded(run, nullptr);
    DrainTicks();
  });
}

void EventLoop::Guarded(Callback& callback, ContextBase* context) {
  const ContextScope scope(context);
  try {
    callback();
  } catch (...) {
    HandleUncaught(std::current_exception());
  }
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
}

void EventLoop::SetImmediateRef(QueuedImmediate& immediate, bool has_ref) {
  if (immediate.has_ref == has_ref) return;
  immediate.has_ref = has_ref;
  if (has_ref) {
    refs_.Add(RefKind::kImmediate);
  } else {
    refs_.Remove(RefKind::kImmediate);
  }
}

// ---- Timer and Immediate.

void Timer::Clear() {
  if (!node_) return;
  node_->cleared = true;
  loop_->timers_.Disarm(*node_);
}

void Timer::Refresh() {
  if (node_ && !node_->cleared) loop_->timers_.Arm(*node_, loop_->Now());
}

void Timer::SetRef(bool has_ref) {
  if (node_) loop_->timers_.SetRef(*node_, has_ref);
}

void Immediate::Clear() {
  EventLoop::QueuedImmediate* queued = loop_ == nullptr ? nullptr : loop_->FindImmediate(position_);
  if (queued == nullptr || !queued->callback) return;
  loop_->SetImmediateRef(*queued, false);
  // Destroyed at the end, after the slot is empty: a destructor may schedule again.
  const EventLoop::QueuedImmediate taken = std::exchange(*queued, {Callback(), nullptr, false});
}

void Immediate::SetRef(bool has_ref) {
  EventLoop::QueuedImmediate* queued = loop_ == nullptr ? nullptr : loop_->FindImmediate(position_);
  if (queued != nullptr && queued->callback) loop_->SetImmediateRef(*queued, has_ref);
}

bool Immediate::has_ref() const {
  const EventLoop::QueuedImmediate* queued = loop_ == nullptr ? nullptr : loop_->FindImmediate(position_);
  return queued != nullptr && queued->has_ref;
}

}  // namespace rota
