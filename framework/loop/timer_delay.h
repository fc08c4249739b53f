#ifndef ROTA_LOOP_TIMER_DELAY_H_
#define ROTA_LOOP_TIMER_DELAY_H_

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "framework/base/clock.h"

namespace rota {

// 2^31 - 1, as in Node.
inline constexpr int64_t kLongestTimerDelayMs = 2147483647;

// The delay of a timer in whole milliseconds, from 1 to the longest: rounded up, so that no timer runs early.
inline int64_t TimerDelayMs(Duration delay) {
  return std::clamp<int64_t>(std::chrono::ceil<std::chrono::milliseconds>(delay).count(), 1, kLongestTimerDelayMs);
}

// The same as the constructor of Timeout in lib/internal/timers.js of Node 20 does it: cut, and 1 with a warning in the log
// where it would be beyond the longest.
int64_t TimerDelayMsAsInNode(Duration delay);

}  // namespace rota

#endif  // ROTA_LOOP_TIMER_DELAY_H_
