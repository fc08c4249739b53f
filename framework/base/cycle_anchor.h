#ifndef ROTA_BASE_CYCLE_ANCHOR_H_
#define ROTA_BASE_CYCLE_ANCHOR_H_

#include <cstdint>

namespace rota {

// A moment that was read from both the monotonic clock and the processor's counter of cycles, and the pace of the one by the
// other: from these and the counter alone follows the time, for a millisecond.
// The time so found is behind the clock by at most about a microsecond and never goes back, because the pace is taken a little too
// slow and an anchor never starts before what the one before it could have told.
// Thread: a value.
// Source: the way of absl::GetCurrentTimeNanos(), which keeps to the clock of the system by the counter of cycles, too.
struct CycleAnchor {
  // One reading: the clock was read while the counter went from `before` to `after`.
  struct Reading {
    uint64_t before;
    int64_t nanoseconds;
    uint64_t after;
  };

  // Whether At() may be asked about `count`. Never before the pace is known, which takes two readings 10 ms apart.
  bool Covers(uint64_t count) const { return count - cycles < limit; }
  // The time in nanoseconds when the counter stood at `count`.
  int64_t At(uint64_t count) const { return nanoseconds + static_cast<int64_t>(((count - cycles) * pace) >> kFraction); }

  // The anchor that follows. One whose reading was interrupted covers nothing.
  CycleAnchor Next(const Reading& reading) const;

  // Bits of `pace` behind the point.
  static constexpr int kFraction = 32;

  uint64_t cycles = 0;
  int64_t nanoseconds = 0;
  // Nanoseconds for a cycle.
  uint64_t pace = 0;
  // How many cycles it is good for.
  uint64_t limit = 0;
  // The reading from which the pace is measured.
  uint64_t first_cycles = 0;
  int64_t first_nanoseconds = 0;
};

}  // namespace rota

#endif  // ROTA_BASE_CYCLE_ANCHOR_H_
