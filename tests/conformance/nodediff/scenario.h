#ifndef ROTA_TESTS_CONFORMANCE_NODEDIFF_SCENARIO_H_
#define ROTA_TESTS_CONFORMANCE_NODEDIFF_SCENARIO_H_

#include <string>

#include <nlohmann/json.hpp>

#include "framework/loop/compatibility.h"

namespace rota::nodediff {

// Under the manual clock `block` moves the clock and nothing waits for real time.
enum class ScenarioClock { kManual, kReal };

// Runs one scenario, a program of loop operations as README.md describes it, on an EventLoop of its own, and
// returns its trace: one line per executed callback, `kind id [context]`, each ended by a line feed. Knows the operations
// and nothing of any order: that is the loop's.
// Thread: any; blocks until the scenario has ended, for ever if it never ends.
std::string RunScenario(const nlohmann::json& scenario, ScenarioClock clock, Compatibility way = Compatibility::kNode);

}  // namespace rota::nodediff

#endif  // ROTA_TESTS_CONFORMANCE_NODEDIFF_SCENARIO_H_
