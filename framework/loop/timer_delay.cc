#include "framework/loop/timer_delay.h"

#include <string>

#include "framework/base/log.h"

namespace rota {

int64_t TimerDelayMsAsInNode(Duration delay) {
  const int64_t ms = std::chrono::floor<std::chrono::milliseconds>(delay).count();
  if (ms <= kLongestTimerDelayMs) return std::max<int64_t>(ms, 1);
  Log(LogLevel::kWarn, "timer_delay_too_long", {{"milliseconds", std::to_string(ms)}, {"used", "1"}});
  return 1;
}

}  // namespace rota
