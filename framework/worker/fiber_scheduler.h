#ifndef ROTA_WORKER_FIBER_SCHEDULER_H_
#define ROTA_WORKER_FIBER_SCHEDULER_H_

namespace rota::internal {

// Makes this thread run its fibers round robin, in a way that ThreadSanitizer can follow: Debian's Boost.Fiber is not
// instrumented, so the scheduler tells it of each switch.
void UseFiberScheduler();

}  // namespace rota::internal

#endif  // ROTA_WORKER_FIBER_SCHEDULER_H_
