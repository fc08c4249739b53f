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
  // In line, for who knows which clock it is: ClockReader.
  [[gnu::always_inline]] TimePoint Now() const override {
    const uint64_t version = version_.load(std::memory_order_acquire);
    const CycleAnchor anchor = LoadAnchor();
    if (!IsBeingWritten(version)) [[likely]] {
      // After the anchor was read: a count from before it would not be covered.
      if (const uint64_t count = CountCycles(); anchor.Covers(count)) [[likely]] return ToTime(anchor.At(count));
    }
    return NowSlowly();
  }
  bool SkipTo(TimePoint) override { return false; }
  // Whether the counter of cycles is used.
  bool counts_cycles() const { return counts_cycles_; }

 private:
#if defined(__x86_64__)
  static uint64_t CountCycles() { return __builtin_ia32_rdtsc(); }
#else
  static uint64_t CountCycles() { return 0; }
#endif
  static TimePoint ToTime(int64_t nanoseconds) { return TimePoint(Duration(nanoseconds)); }

  CycleAnchor LoadAnchor() const {
    return {.cycles = cycles_.load(std::memory_order_relaxed),
            .nanoseconds = nanoseconds_.load(std::memory_order_relaxed),
            .pace = pace_.load(std::memory_order_relaxed),
            .limit = limit_.load(std::memory_order_relaxed)};
  }
  // Whether what LoadAnchor() has returned since `version` was read may be of two anchors.
  bool IsBeingWritten(uint64_t version) const {
    std::atomic_thread_fence(std::memory_order_acquire);
    return version % 2 != 0 || version_.load(std::memory_order_relaxed) != version;
  }
  // Where the anchor does not cover the moment, or another thread writes it.
  [[gnu::noinline]] TimePoint NowSlowly() const;
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
