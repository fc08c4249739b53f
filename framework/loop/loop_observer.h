#ifndef ROTA_LOOP_LOOP_OBSERVER_H_
#define ROTA_LOOP_LOOP_OBSERVER_H_

#include <cstdint>

#include "framework/base/clock.h"
#include "framework/loop/phase.h"

namespace rota {

// Sees the loop at work; for metrics, tests and watchdogs. Its calls are part of the loop's time: keep them short.
// Thread: loop.
class LoopObserver {
 public:
  virtual ~LoopObserver() = default;
  virtual void OnPhase(Phase, Duration /*at_work*/, uint64_t /*callbacks*/) {}
  // It is over: told where the next begins, or where the loop does not go on.
  virtual void OnIteration(uint64_t /*iteration*/) {}
};

}  // namespace rota

#endif  // ROTA_LOOP_LOOP_OBSERVER_H_
