#ifndef ROTA_BASE_CLOCK_READER_H_
#define ROTA_BASE_CLOCK_READER_H_

#include "framework/base/clock.h"
#include "framework/base/steady_clock.h"

namespace rota {

// Reads a clock, and the steady one, which every process has, without a virtual call: a timer that is started and cleared costs
// little more than its reading of the clock.
// Thread: any.
// Owner:  a value; `clock` must outlive it.
class ClockReader {
 public:
  explicit ClockReader(const Clock& clock) : clock_(clock), steady_(dynamic_cast<const SteadyClock*>(&clock)) {}

  TimePoint Now() const { return steady_ != nullptr ? steady_->Now() : clock_.Now(); }

 private:
  const Clock& clock_;
  // Null when it is another one.
  const SteadyClock* const steady_;
};

}  // namespace rota

#endif  // ROTA_BASE_CLOCK_READER_H_
