#ifndef ROTA_LOOP_BUDGET_H_
#define ROTA_LOOP_BUDGET_H_

#include <chrono>

#include "framework/base/clock.h"
#include "framework/loop/event_loop.h"

namespace rota {

// A budget of `kBurst` that is refilled by `kPerSecond`. The clock is looked at only when it is used up.
// Thread: one.
template <int kPerSecond, int kBurst>
class Budget {
 public:
  // So long after the last one was taken it is full, whatever it was.
  static constexpr Duration kFills = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(double{kBurst} / kPerSecond));

  explicit Budget(TimePoint now) : filled_(now) {}

  // Takes one; false when there is none.
  bool Take(const EventLoop& loop) {
    if (left_ < 1 && !Refill(loop.Now())) return false;
    left_ -= 1;
    return true;
  }
  void Add(double count) { left_ = left_ + count < kBurst ? left_ + count : kBurst; }

 private:
  bool Refill(TimePoint now) {
    Add(std::chrono::duration<double>(now - filled_).count() * kPerSecond);
    filled_ = now;
    return left_ >= 1;
  }

  double left_ = kBurst;
  TimePoint filled_;
};

}  // namespace rota

#endif  // ROTA_LOOP_BUDGET_H_
