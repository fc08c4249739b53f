#ifndef ROTA_LOOP_PHASE_H_
#define ROTA_LOOP_PHASE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rota {

// The phases of one iteration, in the order in which they run. See docs/phases.md.
enum class Phase : uint8_t { kTimers, kPending, kPoll, kCheck, kClose };

inline constexpr size_t kPhaseCount = 5;

// "timers", "pending", ...: the label of logs and metrics.
constexpr std::string_view PhaseName(Phase phase) {
  constexpr std::string_view kNames[kPhaseCount] = {"timers", "pending", "poll", "check", "close"};
  return kNames[static_cast<size_t>(phase)];
}

}  // namespace rota

#endif  // ROTA_LOOP_PHASE_H_
