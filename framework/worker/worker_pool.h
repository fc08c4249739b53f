#ifndef ROTA_WORKER_WORKER_POOL_H_
#define ROTA_WORKER_WORKER_POOL_H_

#include <cstddef>
#include <memory>
#include <source_location>
#include <string>
#include <vector>

#include "framework/base/clock.h"
#include "framework/base/status.h"
#include "framework/loop/event_loop.h"
#include "framework/worker/job.h"
#include "framework/worker/worker_stats.h"

namespace rota {

namespace internal {
class WorkerCore;
}  // namespace internal

// Threads that run jobs, each job in a fiber with a stack of its own. A job that waits for the loop suspends its fiber
// and leaves the thread to others; a system call that blocks holds the thread. A fiber never changes its thread.
// Thread: loop.
// Owner:  main(). Destroyed before the loop, and on its thread.
// Errors: Submit() returns RESOURCE_EXHAUSTED when the queue is full, UNAVAILABLE after Stop(); the job is not taken then.
// Order:  jobs start in the order of Submit(), except that slow ones are passed over while they hold their share of the
//         threads. Nothing is promised about the order of their ends.
// Time:   a manual clock stands still while a job is queued or running, not while all of them wait for the loop.
class WorkerPool {
 public:
  struct Options {
    size_t threads = DefaultThreads();
    // Jobs that may wait for a thread.
    size_t queue_capacity = 1024;
    // Jobs that may have started and not ended, in all threads; further ones stay in the queue. Not promised: progress when
    // so many jobs wait for actors whose answers need a job themselves. Then only their deadlines end the waits.
    size_t max_fibers = 4096;
    // Of each fiber; below it lies a page that may not be touched.
    size_t stack_bytes = 256 * 1024;
    // Threads that slow jobs may hold at a time; 0: half of them, at least 1, rounded down, or up as in libuv where the loop
    // follows Node.
    size_t slow_threads = 0;
    // Whether a manual clock stands still as said above. False for a test that knows by itself when its jobs are done.
    bool holds_time = true;
  };

  explicit WorkerPool(EventLoop& loop);
  WorkerPool(EventLoop& loop, Options options);
  // Stops.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // The number of cores that the process may use, at least 2.
  static size_t DefaultThreads();

  // Runs `job` on a worker under the current context, and then its Done() on the loop, which stays alive for it. A job
  // that has not started at `deadline` is dropped when its turn comes. Done() never runs inside of Submit().
  // `where` is the owner of the job in EventLoop::ListRefs().
  Status Submit(Job& job, JobKind kind = JobKind::kFast, TimePoint deadline = kNoDeadline,
                const std::source_location& where = std::source_location::current());

  // Takes a job back that has not started. True: it will not run, the pool has let go of it, and Done() is *not* called.
  // False: it is not queued (any more), so nothing changes: Done() comes, unless it has or the job was never submitted.
  // Takes constant time.
  bool TryCancel(Job& job);

  // The same, but Done(CANCELLED) is called, soon and on the loop, as for any other end: after the jobs that have ended
  // before, in the order of the cancels. The pool has the job until then.
  bool Cancel(Job& job);

  // Ends the pool: queued jobs get Done(CANCELLED), waits for the loop end with CANCELLED, running jobs run to their end,
  // and the threads are joined: this blocks for as long as they need. All outstanding Done() are called before it
  // returns. May be called again, and from a Done(); not from a job.
  void Stop();

  // The same, but waits at most `limit` of real time for the running jobs, and returns the names (types) of those that did not
  // end: none when all is well. Otherwise their threads are left alone with them, no Done() is called, and the process
  // must end before the loop or a job is destroyed: log the names, then std::_Exit().
  std::vector<std::string> StopWithin(Duration limit);

  // The names (types) of the jobs that hold a thread now.
  std::vector<std::string> RunningJobs() const;
  // Counted until now.
  const WorkerStats& stats() const;
  EventLoop& loop() const;

 private:
  // Shared with what the pool has posted to the loop, which may run after the end of the pool.
  const std::shared_ptr<internal::WorkerCore> core_;
};

}  // namespace rota

#endif  // ROTA_WORKER_WORKER_POOL_H_
