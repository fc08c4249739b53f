#ifndef ROTA_LOOP_EVENT_LOOP_H_
#define ROTA_LOOP_EVENT_LOOP_H_

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <source_location>
#include <thread>
#include <utility>
#include <vector>

#include "framework/base/callback.h"
#include "framework/base/clock.h"
#include "framework/base/clock_reader.h"
#include "framework/base/ring.h"
#include "framework/base/ring_queue.h"
#include "framework/loop/compatibility.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/deadline_queue.h"
#include "framework/loop/handle.h"
#include "framework/loop/hooks.h"
#include "framework/loop/immediate_queue.h"
#include "framework/loop/inbox.h"
#include "framework/loop/loop_exit.h"
#include "framework/loop/loop_observer.h"
#include "framework/loop/loop_options.h"
#include "framework/loop/loop_stats.h"
#include "framework/loop/operation.h"
#include "framework/loop/phase.h"
#include "framework/loop/phase_meter.h"
#include "framework/loop/poller.h"
#include "framework/loop/post_watch.h"
#include "framework/loop/posted_batch.h"
#include "framework/loop/ref_ledger.h"
#include "framework/loop/refs.h"
#include "framework/loop/tick_queue.h"
#include "framework/loop/timer.h"
#include "framework/loop/timer_delay.h"
#include "framework/loop/timer_queue.h"

namespace rota {

// The one event loop of a process, which runs the phases of Node.js:
//
//     timers -> pending -> poll -> check -> close -> timers ...
//
// with the ticks and microtasks drained after each callback. It runs until no ref is left.
// Thread: Post() from any thread; everything else on the loop thread: the one that runs Run(), and until then the one
//         that built the loop.
// Owner:  main(). Outlives everything that holds a reference to it.
// Errors: an exception that leaves a callback goes to the uncaught handler; the callback's ticks and microtasks run.
// Order:  that of Node 20; docs/phases.md lists the differences, and Compatibility::kNode has none.
class EventLoop {
 public:
  using Options = LoopOptions;

  // `clock` must outlive the loop.
  explicit EventLoop(Clock& clock);
  EventLoop(Clock& clock, Options options);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // ---- Scheduling. Each captures the current context and runs its callback under it. Templates make the Callback where it
  // will lie.

  // Runs `callback` once, in a timers phase, `delay` from now or later, never earlier. Delays are rounded up to whole
  // milliseconds and held to 1 ms .. 2^31 - 1 ms. With kNode they are cut to whole milliseconds, longer ones become 1 ms
  // with a warning, and the timer may be early by less than 1 ms.
  // `where` is the owner of the timer in ListRefs(), as with all that follow.
  template <std::invocable F>
  Timer SetTimeout(Duration delay, F&& callback, const std::source_location& where = std::source_location::current()) {
    return StartTimer(*timers_.Make(std::forward<F>(callback), CaptureContext(), TimerDelay(delay), false, where).Detach());
  }
  // As SetTimeout(), again and again; the next delay counts from the start of the callback.
  template <std::invocable F>
  Timer SetInterval(Duration period, F&& callback, const std::source_location& where = std::source_location::current()) {
    return StartTimer(*timers_.Make(std::forward<F>(callback), CaptureContext(), TimerDelay(period), true, where).Detach());
  }
  // For a Deadline of something that waits on this loop; in each timers phase they run before the timers.
  DeadlineQueue& deadlines() { return deadlines_; }
  // Runs `callback` in the check phase; one queued by an immediate waits for the next iteration.
  template <std::invocable F>
  Immediate SetImmediate(F&& callback) {
    return immediates_.Push(std::forward<F>(callback));
  }
  // Runs `callback` after the callback that runs now, before any other.
  template <std::invocable F>
  void NextTick(F&& callback) {
    tick_queue_.PushTick(std::forward<F>(callback));
  }
  // Runs `callback` after the ticks. Returns the position of the microtask, for TakeBackMicrotask().
  template <std::invocable F>
  uint64_t QueueMicrotask(F&& callback) {
    return tick_queue_.PushMicrotask(std::forward<F>(callback));
  }
  // Drops a microtask that has not run; nothing happens when it has.
  void TakeBackMicrotask(uint64_t position) { tick_queue_.TakeBack(position); }
  // Reports an error that nobody has handled, such as that of a coroutine whose result nobody awaits: it goes to the
  // unhandled handler after the microtasks.
  void ReportUnhandled(std::exception_ptr error) { tick_queue_.PushError({std::move(error), CaptureContext()}); }
  // Makes `context` (or none) current for the rest of the callback that runs now and for what that schedules, as
  // AsyncLocalStorage.enterWith() does; a ContextScope inside of which it is called ends it, too.
  void EnterWith(Ref<ContextBase> context);
  // Opens a handle that keeps the loop alive until it is closed.
  Ref<Handle> OpenHandle(const std::source_location& where = std::source_location::current());

  // The only way in from other threads: runs `callback` in the poll phase, without a context. The callback is
  // destroyed on the loop, too. What is posted after Run() has returned is destroyed with the loop.
  template <std::invocable F>
  void Post(F&& callback) {
    if (inbox_.Add(std::forward<F>(callback))) poller_.Interrupt();
  }

  // Runs a completion that belongs to `operation` in the poll phase that is under way, or puts it off to the next
  // pending phase when the budget of this one is used up. For the layers that talk to the operating system.
  // Order: completions and what is posted run in the order in which they came to the loop, put off or not.
  void RunCompletion(Operation operation, Callback completion) {
    Ref<ContextBase> context = operation.TakeContext();
    // The ref ends before the callback, as that of a request does in libuv: the callback may look at the counts.
    { const Operation done = std::move(operation); }
    RunCompletion(std::move(context), std::move(completion));
  }
  // Of an operation that has ended just now, with the context that it had.
  void RunCompletion(Ref<ContextBase> context, Callback&& completion);
  // For a completion that stands for several callbacks, between any two of them: runs the ticks and microtasks, as they run
  // after a callback. False: the loop is exiting, and the rest is not to run.
  bool RunTicks() { return DrainTicks() != StepEnd::kStop; }
  // For such a completion, with each part of its work that is as much as a callback: counts it in the budget of the phase, which looks
  // at the clock at every eighth. So what is done is not cut short, but the next callback is put off when that has taken too long.
  void ChargeBudget() { IsWithinBudget(); }

  // Run in each iteration at the begin of poll, before it looks for I/O or sleeps (prepare), and at its end, when nothing more
  // is ready (check): where a transport sends what the callbacks since then have written. A hook may call RunCompletion().
  // Before them come the idle hooks: while there is one, poll does not wait.
  HookList& idle_hooks() { return idle_hooks_; }
  HookList& prepare_hooks() { return prepare_hooks_; }
  HookList& check_hooks() { return check_hooks_; }

  // ---- Running.

  // Runs until no ref is left or Exit(); returns the exit code.
  int Run() { return Run(nullptr); }
  // Runs `main` first, as the callback before all others: its exceptions are handled and its ticks run.
  int Run(Callback main);
  // Runs one iteration. Returns whether the loop is still alive.
  bool RunOnce();
  // Ends the loop: after the callback that runs now only the exit hooks run, under the context that is current here. The
  // first code counts, but a hook that calls it ends with its own, and no further hook runs.
  void Exit(int code) { exit_.Exit(code); }
  bool exiting() const { return exit_.exiting(); }
  // Ends Run() after the iteration that is under way, in which poll does not wait any more; before Run(), nothing runs. No
  // hook is called, and Run() goes on from there.
  void Stop() { exit_.Stop(); }
  // What Run() will return when the loop ends by itself; an exit hook may change it.
  void SetExitCode(int code) { exit_.set_code(code); }
  bool alive() const;

  // Runs each time no ref is left, but not on Exit(); new refs bring the loop back to life, ticks alone do not. All of
  // these callbacks run before their ticks do.
  void OnBeforeExit(Callback callback) { exit_.OnBeforeExit(std::move(callback)); }
  // Runs when Run() is about to return, with the exit code; what it schedules does not run, except for its microtasks
  // where the loop ends by itself.
  void OnExit(UniqueFunction<void(int)> hook) { exit_.OnExit(std::move(hook)); }
  // Takes the exceptions that leave a callback. By default one is logged and ends the loop with code 1; an exception
  // inside the handler ends it with code 7.
  void SetUncaughtHandler(UniqueFunction<void(std::exception_ptr)> handler) { uncaught_ = std::move(handler); }
  // Takes what ReportUnhandled() reports. By default that is an uncaught exception.
  void SetUnhandledHandler(UniqueFunction<void(std::exception_ptr)> handler) { unhandled_ = std::move(handler); }
  void SetObserver(LoopObserver* observer) { meter_.SetObserver(observer); }

  // ---- Time.

  // A fresh reading of the clock. Thread: any.
  TimePoint Now() const { return clock_reader_.Now(); }
  // While held, a manual clock does not move: poll waits for a real completion instead (a job is running).
  void HoldTime() { ++time_holds_; }
  void ReleaseTime() { --time_holds_; }

  // ---- Looking at it.

  Compatibility compatibility() const { return options_.compatibility; }
  const LoopStats& stats() const { return stats_; }
  const RefCounts& refs() const { return refs_; }
  // What keeps the loop alive, the oldest first: why Run() does not return.
  std::vector<RefEntry> ListRefs() const;
  size_t queued_immediates() const { return immediates_.size(); }
  size_t queued_pending() const { return pending_.size() + posted_.size(); }
  size_t queued_ticks() const { return tick_queue_.ticks(); }
  size_t queued_microtasks() const { return tick_queue_.microtasks(); }
  size_t closing_handles() const { return closing_.size(); }
  bool InLoopThread() const { return std::this_thread::get_id() == thread_; }
  Poller& poller() { return poller_; }

 private:
  friend class Handle;
  friend class Operation;
  friend class Timer;

  struct Completion {
    Callback callback;
    Ref<ContextBase> context;
  };

  struct TimerSteps;
  struct ImmediateSteps;
  struct TickRunner;

  void RunIteration();
  void RunTimers();
  TimePoint NextWake() const { return std::min(timers_.next_wake(), deadlines_.next_wake()); }
  void RunPending();
  void RunPoll();
  void RunCheck();
  void RunClose();
  void RunUntilEmpty();

  // Poll has nothing else to do than to look for what is ready, and nothing waits for its end.
  bool IsIdle() const;
  bool MayBlock() const;
  void Poll(Duration timeout);
  void Wait();
  void GatherPosts();
  // Runs what other threads have posted before this phase looked.
  void RunAllPosted();
  bool has_pending() const { return !pending_.empty() || !posted_.empty(); }
  void RunPosted(Callback& callback);
  bool PollHasBudget();
  // Of poll and of pending: one more callback may run, and counts.
  bool IsWithinBudget();

  // Runs one callback of a phase under its context, then drains the ticks. False when the loop is exiting.
  bool RunCallback(Phase phase, Callback& callback, ContextBase* context);
  // Runs a callback without the drain.
  StepEnd RunStep(Phase phase, Callback& callback, ContextBase* context);
  // What Node calls between two callbacks and after the last.
  StepEnd DrainTicks();
  void RunHooks(HookList& hooks);
  // Calls `callback` and hands an exception to the uncaught handler, under the context of the thrower or under none.
  StepEnd Guarded(Callback& callback, ContextBase* context, bool errors_keep_context = true);
  void HandleUncaught(std::exception_ptr error);
  void TellOfStarvation();
  bool follows_node() const { return options_.compatibility == Compatibility::kNode; }
  // A fresh reading of the time as timers count it.
  TimePoint TimerNow() { return TimerTime(Now()); }
  TimePoint TimerTime(TimePoint now);
  int64_t TimerDelay(Duration delay) const { return follows_node() ? TimerDelayMsAsInNode(delay) : TimerDelayMs(delay); }
  // Takes over the caller's reference.
  Timer StartTimer(TimerNode& node);

  // Constant after construction.
  Clock& clock_;
  const ClockReader clock_reader_{clock_};
  const bool clock_is_manual_ = clock_.IsManual();
  const Options options_;

  // Any thread.
  Inbox inbox_;

  // Loop thread only.
  // First of them: what the others hold may have deadlines.
  DeadlineQueue deadlines_;
  PostWatch post_watch_{clock_, inbox_};
  std::thread::id thread_;
  RefCounts refs_;
  Ring<RefLink> ledger_;
  LoopStats stats_;
  PhaseMeter meter_{clock_, stats_, options_};
  TimerQueue timers_{refs_, options_.compatibility};
  TickQueue tick_queue_;
  ImmediateQueue immediates_{refs_};
  // What poll has put off: completions, and then the rest of a batch that was posted.
  RingQueue<Completion> pending_;
  PostedBatch posted_;
  // So many of the completions came before what was posted.
  size_t pending_before_posted_ = 0;
  std::vector<Ref<Handle>> closing_;
  HookList idle_hooks_;
  HookList prepare_hooks_;
  HookList check_hooks_;
  LoopExit exit_;
  UniqueFunction<void(std::exception_ptr)> uncaught_;
  UniqueFunction<void(std::exception_ptr)> unhandled_;
  // What EnterWith() has made current, kept until the end of the iteration.
  std::vector<Ref<ContextBase>> entered_;
  // The last TimerNow().
  TimePoint timer_time_{};
  // How many ticks and microtasks the present drain may still run until it counts as one that starves the loop.
  uint64_t drain_budget_ = 0;
  // Of this poll or pending phase.
  uint64_t budgeted_callbacks_ = 0;
  uint64_t completions_ = 0;
  int time_holds_ = 0;
  // Last: its completions may refer to everything above.
  Poller poller_;
};

inline void Timer::Clear() {
  if (node_) loop_->timers_.Clear(*node_);
}

}  // namespace rota

#endif  // ROTA_LOOP_EVENT_LOOP_H_
