#ifndef ROTA_WORKER_POOL_STATE_H_
#define ROTA_WORKER_POOL_STATE_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "framework/base/callback.h"
#include "framework/base/ring_queue.h"
#include "framework/base/status.h"
#include "framework/loop/event_loop.h"
#include "framework/worker/job.h"
#include "framework/worker/worker_pool.h"

namespace boost::fibers {
class context;
}  // namespace boost::fibers

namespace rota::internal {

// One thread of the pool.
struct WorkerThread {
  std::thread thread;
  std::condition_variable wake;

  // Guarded by PoolState::mutex.
  std::vector<boost::fibers::context*> woken;  // fibers of this thread whose wait is over
  size_t fibers = 0;                           // started and not ended
  bool idle = false;
};

// A fiber that waits for the loop; see loop_wait.h.
class LoopWaitBase {
 public:
  virtual ~LoopWaitBase() = default;
  // Sets the result to `status`, an error.
  virtual void SetError(Status status) = 0;

  // Guarded by PoolState::mutex.
  bool done = false;
  WorkerThread* thread = nullptr;
  boost::fibers::context* fiber = nullptr;
};

// What the pool, its threads and what they post to the loop share.
struct PoolState : std::enable_shared_from_this<PoolState> {
  PoolState(EventLoop& event_loop, WorkerPool::Options pool_options);

  // ---- Any thread, with `mutex` held.

  // The next job that may start, or null. Jobs whose deadline has passed go to `finished` on the way.
  Job* TakeJob();
  // The job is over. True: the loop has to be told, see TellLoop().
  bool Finish(Job& job, Job::Outcome outcome);
  // Wakes a thread that can take a job.
  void WakeIdle();
  // Ends a wait, once; its fiber goes on.
  void EndWait(LoopWaitBase& wait);

  // ---- Any thread, with `mutex` not held.

  // Has the loop deliver what is finished.
  void TellLoop();
  // The life of a thread.
  void RunThread(WorkerThread& self);
  // A job from its start to its end, on its fiber.
  void RunJob(WorkerThread& self, Job& job);
  // Suspends the fiber that runs `job` until `wait` is done. False: the pool stops, and there is no wait.
  bool Suspend(const std::shared_ptr<LoopWaitBase>& wait, Callback start);

  // ---- Loop thread.

  void Deliver();
  void DeliverOne();
  void Forget(Job& job);
  // The job is idle again.
  void Release(Job& job);

  // Constant after construction.
  EventLoop& loop;
  const WorkerPool::Options options;
  const size_t max_slow;

  std::mutex mutex;

  // Guarded by mutex.
  JobList fast;
  JobList slow;
  std::vector<Job*> finished;
  std::list<std::shared_ptr<LoopWaitBase>> waits;  // shared: with the promise on the loop and the fiber
  std::vector<WorkerThread*> idle;
  size_t running = 0;
  size_t suspended = 0;
  size_t slow_running = 0;
  uint64_t next_position = 0;
  bool stopping = false;

  // Loop thread only.
  RingQueue<Job*> delivering;  // null: destroyed before its Done()
  uint64_t next_delivery = 0;  // the position that Deliver() has reached
  WorkerStats totals;
  std::vector<std::unique_ptr<WorkerThread>> threads;
};

// The thread and the job of the code that runs, or null outside of a job.
inline thread_local WorkerThread* this_thread = nullptr;
inline thread_local Job* this_job = nullptr;
inline thread_local PoolState* this_pool = nullptr;

}  // namespace rota::internal

#endif  // ROTA_WORKER_POOL_STATE_H_
