#ifndef ROTA_LOOP_COMPATIBILITY_H_
#define ROTA_LOOP_COMPATIBILITY_H_

#include <cstdint>

namespace rota {

// Whose ways the loop follows where Rota and Node differ on purpose; everything else is the same in both. docs/phases.md
// lists the differences.
//   kRota  timers never run early; what a callback has queued runs after it also when it throws; poll has a budget
//   kNode  Node 20, to the line: timers count whole milliseconds of the clock, an exception puts the ticks of its callback
//          off, poll runs all that is ready
enum class Compatibility : uint8_t { kRota, kNode };

// What a step of a phase has come to.
//   kDone   go on
//   kThrew  an exception left it, and Node's way is asked for: the phase starts again with what is left
//   kStop   the loop is exiting
enum class StepEnd : uint8_t { kDone, kThrew, kStop };

}  // namespace rota

#endif  // ROTA_LOOP_COMPATIBILITY_H_
