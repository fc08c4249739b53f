#include "framework/base/steady_clock.h"

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

namespace rota {
namespace {

#if defined(__x86_64__)
// The system watches the counters of all cores and gives them up when they run at different paces.
bool IsCounterTrusted() {
  std::ifstream file("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  std::string source;
  return file >> source && source == "tsc";
}
#else
bool IsCounterTrusted() { return false; }
#endif

int64_t ReadSystem() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

}  // namespace

SteadyClock::SteadyClock(Source source) : counts_cycles_(source == Source::kCyclesIfTrusted && IsCounterTrusted()) {}

TimePoint SteadyClock::NowSlowly() const {
  if (!counts_cycles_) return std::chrono::steady_clock::now();
  while (true) {
    const uint64_t version = version_.load(std::memory_order_acquire);
    const CycleAnchor anchor = LoadAnchor();
    if (IsBeingWritten(version)) {
      // That takes no longer than a reading of the system's clock, unless the writer lost its core.
      std::this_thread::yield();
      continue;
    }
    if (const uint64_t count = CountCycles(); anchor.Covers(count)) return ToTime(anchor.At(count));
    if (int64_t now = 0; Synchronize(version, now)) return ToTime(now);
  }
}

bool SteadyClock::Synchronize(uint64_t version, int64_t& told) const {
  if (!version_.compare_exchange_strong(version, version + 1, std::memory_order_acquire)) return false;
  const uint64_t before = CountCycles();
  const int64_t now = ReadSystem();
  anchor_ = anchor_.Next({before, now, CountCycles()});
  told = anchor_.nanoseconds;
  std::atomic_thread_fence(std::memory_order_release);
  cycles_.store(anchor_.cycles, std::memory_order_relaxed);
  nanoseconds_.store(anchor_.nanoseconds, std::memory_order_relaxed);
  pace_.store(anchor_.pace, std::memory_order_relaxed);
  limit_.store(anchor_.limit, std::memory_order_relaxed);
  version_.store(version + 2, std::memory_order_release);
  return true;
}

}  // namespace rota
