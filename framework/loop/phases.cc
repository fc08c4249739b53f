// The phases of the loop.

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "framework/base/check.h"
#include "framework/loop/event_loop.h"

namespace rota {

struct EventLoop::TimerSteps {
  StepEnd Run(TimerNode& timer, Duration lateness) const {
    loop.meter_.RecordLag(lateness);
    const Ref<ContextBase> context = timer.context;
    return loop.RunStep(Phase::kTimers, timer.callback, context.get());
  }
  StepEnd Drain() const { return loop.DrainTicks(); }
  TimePoint Now() const { return loop.TimerNow(); }
  TimePoint LastNow() const { return loop.timer_time_; }

  EventLoop& loop;
};

void EventLoop::RunTimers() {
  if (exiting() || NextWake() == kNoDeadline) return;
  const TimePoint now = meter_.Time();
  TimePoint timer_now = TimerTime(now);
  const bool has_deadlines = deadlines_.next_wake() <= now, has_timers = timers_.next_wake() <= timer_now;
  if (!has_deadlines && !has_timers) return;
  meter_.BeginWork();
  const uint64_t before = stats_.callbacks[static_cast<size_t>(Phase::kTimers)];
  if (has_deadlines) {
    deadlines_.Run(now, [this](Duration lateness, auto on_deadline) {
      meter_.RecordLag(lateness);
      Callback callback = on_deadline;
      return RunCallback(Phase::kTimers, callback, nullptr);
    });
  }
  for (bool goes_on = has_timers && !exiting(); goes_on; timer_now = TimerTime(meter_.Time())) {
    timers_.RunExpired(timer_now, TimerSteps{*this});
    DrainTicks();
    // In Node the phase does not end while ticks let time pass and arm timers. Here it does: poll must not wait for ever.
    goes_on = follows_node() && timers_.next_wake() <= timer_time_ && !exiting();
  }
  meter_.EndPhase(Phase::kTimers, before);
}

void EventLoop::RunPending() {
  if (exiting()) return;
  meter_.BeginWork();
  const uint64_t before = stats_.callbacks[static_cast<size_t>(Phase::kPending)];
  budgeted_callbacks_ = 0;
  const auto may_run = [this] { return !exiting() && IsWithinBudget(); };
  const auto run_completion = [this] {
    const auto completion = pending_.Take();
    RunCallback(Phase::kPending, completion->callback, completion->context.get());
  };
  // A snapshot: what a callback puts off waits for the next iteration, as does what is over the budget. In the order in which it
  // came: completions, what was posted, and completions again that came while there was no budget for it.
  size_t younger = pending_.size() - pending_before_posted_;
  for (; pending_before_posted_ > 0 && may_run(); --pending_before_posted_) run_completion();
  Callback call_posted = [this] { posted_.CallFront(); };
  for (; pending_before_posted_ == 0 && !posted_.empty() && may_run(); posted_.DropFront()) {
    RunCallback(Phase::kPending, call_posted, nullptr);
  }
  for (; posted_.empty() && younger > 0 && may_run(); --younger) run_completion();
  meter_.EndPhase(Phase::kPending, before);
}

void EventLoop::RunPoll() {
  if (exiting()) return;
  const uint64_t before = stats_.callbacks[static_cast<size_t>(Phase::kPoll)];
  budgeted_callbacks_ = 0;
  meter_.BeginWork();
  if (!idle_hooks_.empty()) RunHooks(idle_hooks_);
  if (!prepare_hooks_.empty()) RunHooks(prepare_hooks_);
  // Over the budget a completion costs no more than a move into pending_. One look finds what is ready and waits for it where
  // that is allowed, except under a clock that moves by waiting: there what is ready goes before.
  if (clock_is_manual_ || !MayBlock()) {
    Poll(Duration::zero());
    if (clock_is_manual_ && budgeted_callbacks_ == 0 && MayBlock()) Wait();
  } else {
    Wait();
  }
  // What comes from other threads meanwhile waits for the next poll, as in libuv: check, close and timers go first.
  if (!exiting() && !inbox_.empty()) {
    // Who waits for jobs has a bounded number of them out, and nothing to gather while they wait for the loop.
    if (post_watch_.MayGather() && budgeted_callbacks_ == 0 && refs_.count(RefKind::kJob) == 0 && IsIdle()) GatherPosts();
    RunAllPosted();
  }
  if (!check_hooks_.empty()) RunHooks(check_hooks_);
  meter_.EndPhase(Phase::kPoll, before);
}

bool EventLoop::IsIdle() const {
  return !exiting() && !has_pending() && closing_.empty() && refs_.count(RefKind::kImmediate) == 0 && !exit_.stopped() &&
         idle_hooks_.empty() && !prepare_hooks_.IsAnyDue();
}

bool EventLoop::MayBlock() const { return IsIdle() && refs_.total() > 0 && inbox_.empty() && !poller_.has_due(); }

void EventLoop::Poll(Duration timeout) { poller_.Poll(timeout, exit_.exiting()); }

void EventLoop::Wait() {
  TimePoint next = NextWake();
  const TimePoint now = meter_.BeginWait();
  if (clock_is_manual_) {
    if (next <= now) return;
    if (time_holds_ == 0 && next != kNoDeadline && clock_.SkipTo(next)) return meter_.LetTimePass();
    // One that is held does not run out: only a completion or another thread ends the wait.
    if (time_holds_ > 0) next = kNoDeadline;
  }
  meter_.SetWaiting(next > now);
  const PostWatch::For what = refs_.count(RefKind::kJob) > 0 ? PostWatch::For::kJob : PostWatch::For::kPost;
  if (meter_.waiting() && post_watch_.Await(what, now, next)) return Poll(Duration::zero());
  meter_.SetWaiting(meter_.waiting() && inbox_.BeginSleep());
  if (!meter_.waiting()) return Poll(Duration::zero());
  Poll(next == kNoDeadline ? Poller::kForever : next - now);
  if (!inbox_.empty()) post_watch_.NoteWait(what, meter_.Waited());
  if (meter_.waiting()) meter_.BeginWork();
}

// The loop has nothing else to do: idle time.
void EventLoop::GatherPosts() {
  post_watch_.Gather(meter_.BeginWait());
  meter_.SetWaiting(true);
  meter_.BeginWork();
}

bool EventLoop::PollHasBudget() {
  if (meter_.waiting()) meter_.BeginWork();
  // What was put off earlier, which a pending phase may do too, goes first.
  return follows_node() || (!has_pending() && IsWithinBudget());
}

bool EventLoop::IsWithinBudget() {
  if (follows_node()) return true;
  if (budgeted_callbacks_ >= options_.poll_budget_callbacks) return false;
  // Every eighth callback is often enough to look at the clock.
  if (budgeted_callbacks_ % 8 == 7 && meter_.AtWork() >= options_.poll_budget_time) {
    budgeted_callbacks_ = options_.poll_budget_callbacks;
    return false;
  }
  ++budgeted_callbacks_;
  return true;
}

// One that hands over completions has drained after each; Node does not drain once more when the last has thrown.
void EventLoop::RunPosted(Callback& callback) {
  const uint64_t before = completions_;
  if (RunStep(Phase::kPoll, callback, nullptr) == StepEnd::kDone && (before == completions_ || !follows_node())) DrainTicks();
}

void EventLoop::RunAllPosted() {
  // What is left of the batch before goes first.
  if (!posted_.empty()) return;
  inbox_.Take(posted_);
  ++stats_.post_batches;
  post_watch_.NoteBatch(posted_.size());
  stats_.posted += posted_.size();
  // has_pending() is about what an earlier iteration has put off, so the budget is asked for with the batch out of sight.
  PostedBatch batch = std::move(posted_);
  Callback call_first = [&batch] { batch.CallFront(); };
  while (!batch.empty() && !exiting() && PollHasBudget()) {
    RunPosted(call_first);
    batch.DropFront();
  }
  stats_.deferred += batch.size();
  ROTA_CHECK(posted_.empty(), "the loop was run inside of a callback that was posted");
  batch.SwapInto(posted_);
  pending_before_posted_ = posted_.empty() ? 0 : pending_.size();
}

struct EventLoop::ImmediateSteps {
  StepEnd Run(Callback& callback, ContextBase* context) const { return loop.RunStep(Phase::kCheck, callback, context); }
  StepEnd Drain() const { return loop.DrainTicks(); }

  EventLoop& loop;
};

void EventLoop::RunCheck() {
  // What an exception has left in the queues.
  DrainTicks();
  if (exiting() || immediates_.empty()) return;
  meter_.BeginWork();
  const uint64_t before = stats_.callbacks[static_cast<size_t>(Phase::kCheck)];
  immediates_.RunQueued(ImmediateSteps{*this});
  meter_.EndPhase(Phase::kCheck, before);
}

void EventLoop::RunClose() {
  if (exiting()) return;
  meter_.BeginWork();
  const uint64_t before = stats_.callbacks[static_cast<size_t>(Phase::kClose)];
  std::vector<Ref<Handle>> batch = std::exchange(closing_, {});
  for (; !batch.empty(); batch.pop_back()) {
    Handle& handle = *batch.back();
    refs_.Remove(RefKind::kClosing);
    Ring<RefLink>::Remove(handle.link_);
    if (handle.on_closed_ && !RunCallback(Phase::kClose, handle.on_closed_, handle.context_.get())) break;
  }
  meter_.EndPhase(Phase::kClose, before);
}

}  // namespace rota
