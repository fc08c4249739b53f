#ifndef ROTA_TESTING_MANUAL_CLOCK_H_
#define ROTA_TESTING_MANUAL_CLOCK_H_

#include "framework/base/clock.h"

namespace rota {

// A clock that moves only when the loop has nothing to do before its next timer, or when a test moves it: an hour of
// timers takes a moment and has one outcome.
// Thread: loop.
class ManualClock final : public Clock {
 public:
  TimePoint Now() const override { return now_; }
  bool SkipTo(TimePoint next) override {
    if (next > now_) now_ = next;
    return true;
  }
  bool IsManual() const override { return true; }

  // As if a callback had worked for `duration`.
  void Advance(Duration duration) { now_ += duration; }

 private:
  TimePoint now_{std::chrono::hours(1)};
};

}  // namespace rota

#endif  // ROTA_TESTING_MANUAL_CLOCK_H_
