#ifndef ROTA_LOOP_PHASE_METER_H_
#define ROTA_LOOP_PHASE_METER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "framework/base/clock.h"
#include "framework/loop/loop_observer.h"
#include "framework/loop/loop_options.h"
#include "framework/loop/loop_stats.h"
#include "framework/loop/phase.h"

namespace rota {

// Takes the time of the loop: of its phases and iterations at work, and of poll asleep. It reads the clock only where code of
// users has run, or something was waited for, since the last reading: once in an iteration that has one phase with work.
// Thread: loop.
// Owner:  EventLoop. `clock` and `stats` must outlive it.
class PhaseMeter {
 public:
  PhaseMeter(Clock& clock, LoopStats& stats, const LoopOptions& options)
      : clock_(clock), stats_(stats), budget_(options.poll_budget_time), measures_(options.measure), iteration_start_(clock.Now()) {}

  void SetObserver(LoopObserver* observer) {
    observer_ = observer;
    longest_short_ = LongestShort();
  }
  // Time passes: a callback runs, or something was waited for.
  void LetTimePass() { is_stale_ = true; }
  // The latest reading of the clock, or a new one when time has passed.
  TimePoint Time() {
    if (std::exchange(is_stale_, false)) time_ = clock_.Now();
    return time_;
  }

  // Ends the iteration before, too: what lies between two is part of the first, and one reading of the clock is enough.
  void BeginIteration() {
    const TimePoint now = Time();
    if (is_in_iteration_) RecordIteration(now);
    is_in_iteration_ = measures_;
    iteration_start_ = phase_start_ = now;
    iteration_idle_ = Duration::zero();
    ++stats_.iterations;
  }
  TimePoint iteration_start() const { return iteration_start_; }
  // Ends the last one, after which the loop does not go on at once.
  void EndIteration() {
    if (std::exchange(is_in_iteration_, false)) RecordIteration(Time());
  }

  // A phase begins, or its first callback after a wait: that, not the return from the wait, ends the idle time.
  void BeginWork() {
    phase_start_ = Time();
    if (std::exchange(waiting_, false)) EndIdle();
  }
  // The phase, which had run `callbacks_before` callbacks in its life when it began, is over. Nothing is recorded where none ran.
  void EndPhase(Phase phase, uint64_t callbacks_before) {
    const uint64_t callbacks = stats_.callbacks[static_cast<size_t>(phase)] - callbacks_before;
    if (callbacks == 0 || !measures_) return;
    const Duration at_work = Time() - phase_start_;
    if (at_work > longest_short_) [[unlikely]] return RecordLongPhase(phase, at_work, callbacks);
    stats_.phase_duration[static_cast<size_t>(phase)].RecordShort(at_work);
  }
  // For how long the phase has worked; a fresh reading.
  Duration AtWork() const { return clock_.Now() - phase_start_; }
  void RecordLag(Duration lateness) {
    if (measures_) stats_.timer_lag.Record(lateness);
  }

  // Poll may wait from now on, or again. Returns the time.
  TimePoint BeginWait() {
    if (waiting_) BeginWork();
    return wait_start_ = Time();
  }
  // Whether it does; what it waits for is then followed by BeginWork(), and time has passed by then.
  void SetWaiting(bool waiting) {
    waiting_ = waiting;
    if (waiting) LetTimePass();
  }
  bool waiting() const { return waiting_; }
  // Since BeginWait().
  Duration Waited() { return Time() - wait_start_; }

 private:
  void RecordIteration(TimePoint now) {
    const Duration at_work = now - iteration_start_ - iteration_idle_;
    if (at_work > longest_short_) [[unlikely]] return RecordLongIteration(at_work);
    stats_.iteration_duration.RecordShort(at_work);
  }
  [[gnu::noinline]] void RecordLongIteration(Duration at_work) {
    stats_.iteration_duration.Record(at_work);
    if (observer_ != nullptr) observer_->OnIteration(stats_.iterations);
  }
  [[gnu::noinline]] void RecordLongPhase(Phase phase, Duration at_work, uint64_t callbacks) {
    stats_.phase_duration[static_cast<size_t>(phase)].Record(at_work);
    if (at_work > budget_) ++stats_.overruns[static_cast<size_t>(phase)];
    if (observer_ != nullptr) observer_->OnPhase(phase, at_work, callbacks);
  }
  // An observer hears of all.
  Duration LongestShort() const { return observer_ != nullptr ? Duration(-1) : std::min(budget_, DurationHistogram::kShort); }
  void EndIdle() {
    const Duration idle = phase_start_ - wait_start_;
    stats_.idle += idle;
    iteration_idle_ += idle;
  }

  // Constant after construction.
  Clock& clock_;
  LoopStats& stats_;
  const Duration budget_;
  const bool measures_;

  LoopObserver* observer_ = nullptr;
  // Of a phase or an iteration for which nothing else is to be done than to record it.
  Duration longest_short_ = LongestShort();
  bool is_stale_ = true;
  // One has begun that is to be recorded.
  bool is_in_iteration_ = false;
  bool waiting_ = false;
  TimePoint time_{};
  TimePoint iteration_start_;
  TimePoint phase_start_{};
  TimePoint wait_start_{};
  Duration iteration_idle_{};
};

}  // namespace rota

#endif  // ROTA_LOOP_PHASE_METER_H_
