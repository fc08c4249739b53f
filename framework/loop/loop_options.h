#ifndef ROTA_LOOP_LOOP_OPTIONS_H_
#define ROTA_LOOP_LOOP_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "framework/base/clock.h"
#include "framework/loop/compatibility.h"

namespace rota {

// What an EventLoop is made with.
struct LoopOptions {
  // How much poll runs before it puts the rest off to the next pending phase, and pending before it leaves the rest for the one
  // after. Not with kNode.
  size_t poll_budget_callbacks = 1024;
  Duration poll_budget_time = std::chrono::milliseconds(10);
  // After how many ticks and microtasks of one drain the loop counts and logs that they starve it. They go on.
  uint64_t tick_budget = 10'000;
  Compatibility compatibility = Compatibility::kRota;
  // Whether the loop takes the durations of phases and iterations, the lag of timers and the overruns. Without it these stay
  // empty and LoopObserver hears nothing; counts and idle time stand. For measuring what that costs.
  bool measure = true;
};

}  // namespace rota

#endif  // ROTA_LOOP_LOOP_OPTIONS_H_
