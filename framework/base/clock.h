#ifndef ROTA_BASE_CLOCK_H_
#define ROTA_BASE_CLOCK_H_

#include <chrono>

namespace rota {

using Duration = std::chrono::nanoseconds;
// A moment of the monotonic clock. Means nothing on another machine or after a restart.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// Later than every deadline: "no limit".
inline constexpr TimePoint kNoDeadline = TimePoint::max();

// Where the loop takes its time from.
// Thread: Now() from any thread; SkipTo() on the loop thread.
class Clock {
 public:
  virtual ~Clock() = default;
  // Never goes back.
  virtual TimePoint Now() const = 0;
  // The loop has nothing to do before `next`. True: the clock has moved itself to `next`, so the loop must not
  // sleep (a manual clock). False: time passes by itself.
  virtual bool SkipTo(TimePoint next) = 0;
  // True when time stands still unless SkipTo() or a test moves it. Constant.
  virtual bool IsManual() const { return false; }
};

// `now + delay`, or kNoDeadline where that would overflow.
inline TimePoint After(TimePoint now, Duration delay) {
  return delay >= kNoDeadline - now ? kNoDeadline : now + delay;
}

}  // namespace rota

#endif  // ROTA_BASE_CLOCK_H_
