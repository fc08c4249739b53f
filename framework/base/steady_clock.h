#ifndef ROTA_BASE_STEADY_CLOCK_H_
#define ROTA_BASE_STEADY_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "framework/base/clock.h"
#include "framework/base/cycle_anchor.h"

namespace rota {

// The monotonic clock of the operating system. Where the system itself keeps time by the processor's counter of cycles, so does
// this clock between two readings of the system's, a millisecond apart: that takes 40 % of the time, and timers, deadlines
// and metrics read it several times a call.
// Thread: any.
// Errors: at most about a microsecond behind std::chrono::steady_clock. One thread never sees it go back; two threads may differ
//         by that much.
class SteadyClock final : public Clock {
 public:
  enum class Source { kCyclesIfTrusted, kSystem };

  explicit SteadyClock(Source source = Source::kCyclesIfTrusted);
  TimePoint Now() const override;
  bool SkipTo(TimePoint) override { return false; }
  // Whether the counter of cycles is used.
  bool counts_cycles() const { return counts_cycles_; }

 private:
  // Takes a new anchor in place of that of `version` and tells its time. False when another thread does.
  [[gnu::noinline]] bool Synchronize(uint64_t version, int64_t& told) const;

  // Constant after construction.
  const bool counts_cycles_;
  // The anchor, for readers on any thread. The version is odd while one of them writes it: a sequence lock.
  mutable std::atomic<uint64_t> version_ = 0;
  mutable std::atomic<uint64_t> cycles_ = 0;
  mutable std::atomic<int64_t> nanoseconds_ = 0;
  mutable std::atomic<uint64_t> pace_ = 0;
  mutable std::atomic<uint64_t> limit_ = 0;
  // Of who has made the version odd.
  mutable CycleAnchor anchor_;
};

}  // namespace rota

#endif  // ROTA_BASE_STEADY_CLOCK_H_
