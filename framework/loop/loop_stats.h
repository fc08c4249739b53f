#ifndef ROTA_LOOP_LOOP_STATS_H_
#define ROTA_LOOP_LOOP_STATS_H_

#include <array>
#include <cstdint>

#include "framework/base/clock.h"
#include "framework/base/histogram.h"
#include "framework/loop/phase.h"

namespace rota {

// What the loop counts while it runs: plain integers, so counting costs a request next to nothing.
// Thread: loop. The observe layer reads it there when a scrape comes.
struct LoopStats {
  uint64_t iterations = 0;
  // Callbacks run by each phase, and those of the two queues that are drained between them.
  std::array<uint64_t, kPhaseCount> callbacks{};
  uint64_t ticks = 0;
  uint64_t microtasks = 0;
  // Time at work in each phase, one value for each iteration in which the phase had something to do. The idle time of
  // poll is not in it.
  std::array<DurationHistogram, kPhaseCount> phase_duration{};
  // Iterations in which the phase worked for longer than the budget of time (Options::poll_budget_time).
  std::array<uint64_t, kPhaseCount> overruns{};
  // Drains of more than Options::tick_budget ticks and microtasks: something queues for ever.
  uint64_t tick_starvations = 0;
  // Time at work in one iteration: how long an event that arrives at the worst moment waits.
  DurationHistogram iteration_duration;
  // How late timers ran after they were due.
  DurationHistogram timer_lag;
  // Time that poll slept because there was nothing to do.
  Duration idle{};
  // I/O and posted callbacks that poll put off to the next pending phase.
  uint64_t deferred = 0;
  // Callbacks that came from other threads, and the wake-ups that brought them.
  uint64_t posted = 0;
  uint64_t post_batches = 0;
  // Exceptions that reached the loop.
  uint64_t uncaught = 0;
};

}  // namespace rota

#endif  // ROTA_LOOP_LOOP_STATS_H_
