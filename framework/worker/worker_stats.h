#ifndef ROTA_WORKER_WORKER_STATS_H_
#define ROTA_WORKER_WORKER_STATS_H_

#include <cstddef>
#include <cstdint>

#include "framework/base/histogram.h"

namespace rota {

// What a WorkerPool counts: plain numbers.
// Thread: loop. The observe layer reads it there when a scrape comes.
// submitted == finished + cancelled + expired + the jobs that are in the pool or on their way to Done().
struct WorkerStats {
  // Jobs that Submit() took, and how they ended: Run() has returned, taken back or dropped by Stop(), dropped because
  // their deadline had passed before they started.
  uint64_t submitted = 0;
  uint64_t finished = 0;
  uint64_t cancelled = 0;
  uint64_t expired = 0;
  // Jobs that Submit() refused.
  uint64_t rejected = 0;
  // Times that a job suspended its fiber to wait for the loop, and the wake-ups of the loop: each brings a batch of
  // finished jobs and new waits.
  uint64_t loop_waits = 0;
  uint64_t batches = 0;

  // How many jobs wait for a thread, hold or need one, and are suspended until the loop answers.
  size_t queued = 0;
  size_t running = 0;
  size_t waiting = 0;
  // Threads that are on their way to tell the loop of ended jobs and new waits.
  size_t posting = 0;
  // Constant.
  size_t threads = 0;
  size_t queue_capacity = 0;

  // From Submit() to the start, of the jobs that started.
  DurationHistogram queue_wait;
  // Time of Run() without the waits for the loop.
  DurationHistogram run;
};

}  // namespace rota

#endif  // ROTA_WORKER_WORKER_STATS_H_
