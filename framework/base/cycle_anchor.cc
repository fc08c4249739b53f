#include "framework/base/cycle_anchor.h"

#include <algorithm>

namespace rota {
namespace {

// In nanoseconds. Over the shortest time the two readings, right to about 100 ns each, give the pace to 20 parts in a million.
constexpr int64_t kMeasureAtLeast = 10'000'000;
constexpr int64_t kMeasureAtMost = 100'000'000;
constexpr int64_t kCovered = 1'000'000;
// A reading of the clock takes 30 ns; longer ones were interrupted, and nobody knows where.
constexpr int64_t kLongestReading = 500;
// Parts in a million by which the pace is taken too slow: more than it was measured wrong.
constexpr uint64_t kSlower = 100;

constexpr uint64_t CyclesIn(int64_t nanoseconds, uint64_t pace) {
  return (static_cast<uint64_t>(nanoseconds) << CycleAnchor::kFraction) / pace;
}

}  // namespace

CycleAnchor CycleAnchor::Next(const Reading& reading) const {
  CycleAnchor next = *this;
  next.cycles = reading.after;
  // What this one could have told last is the earliest that may be told from now on.
  next.nanoseconds = std::max(reading.nanoseconds, At(std::clamp(reading.after, cycles, cycles + limit)));
  next.limit = 0;
  const int64_t measured = reading.nanoseconds - first_nanoseconds;
  const bool counts_on = reading.after > first_cycles && reading.after > cycles;
  if (first_cycles == 0 || !counts_on) {
    // The first reading, or the counter was set back.
    next.first_cycles = reading.after;
    next.first_nanoseconds = reading.nanoseconds;
    next.pace = 0;
    return next;
  }
  const bool is_exact = pace == 0 || reading.after - reading.before <= CyclesIn(kLongestReading, pace);
  if (!is_exact) return next;
  if (measured >= kMeasureAtLeast) {
    const auto per_cycle = (static_cast<unsigned __int128>(measured) << kFraction) / (reading.after - first_cycles);
    next.pace = std::max<uint64_t>(1, static_cast<uint64_t>(per_cycle - per_cycle * kSlower / 1'000'000));
    if (measured >= kMeasureAtMost) {
      next.first_cycles = reading.after;
      next.first_nanoseconds = reading.nanoseconds;
    }
  }
  if (next.pace != 0) next.limit = CyclesIn(kCovered, next.pace);
  return next;
}

}  // namespace rota
