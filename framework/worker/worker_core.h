#ifndef ROTA_WORKER_WORKER_CORE_H_
#define ROTA_WORKER_WORKER_CORE_H_

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <source_location>
#include <string>
#include <thread>
#include <vector>

#include "framework/base/brief_mutex.h"
#include "framework/base/cache.h"
#include "framework/base/clock.h"
#include "framework/base/cores.h"
#include "framework/base/parker.h"
#include "framework/base/status.h"
#include "framework/context/cancellation.h"
#include "framework/loop/event_loop.h"
#include "framework/worker/job.h"
#include "framework/worker/job_list.h"
#include "framework/worker/pending_wait.h"
#include "framework/worker/worker_pool.h"
#include "framework/worker/worker_stats.h"

namespace rota::internal {

class Fiber;

inline constexpr char kPoolStopped[] = "the worker pool has stopped";

// A fiber that runs one job after the other.
struct JobFiber {
  WorkerCore* core = nullptr;
  struct WorkerThread* thread = nullptr;
  std::unique_ptr<Fiber> fiber;
  // The job that runs in it; null ends the fiber.
  Job* job = nullptr;
  // What the job waits for, when it has suspended itself.
  LoopWait* wait = nullptr;
  JobFiber* next = nullptr;
};

struct WorkerThread {
  std::thread thread;
  Parker parker;
  // Guarded by the lock of the core. Who clears it unparks the thread.
  bool sleeping = false;
  // Looks for work: was woken and has not found any yet, or stays awake for a moment.
  bool searching = false;
  // Has stayed awake for as long as it may.
  bool tired = false;
  // Fibers that have their answer, by JobKind.
  std::array<LinkQueue<JobFiber>, 2> ready;
  // Jobs that have started here and not ended; that which runs now.
  size_t started = 0;
  Job* running = nullptr;
};

// Where the loop and the worker threads of a pool meet: under one lock the loop puts jobs in and gets batches of finished
// jobs and of waits out, and a worker gives back what it did and takes what is next in one step.
// Thread: as the sections say.
// Owner:  WorkerPool, and the callbacks that wait in the loop's inbox.
class WorkerCore : public std::enable_shared_from_this<WorkerCore> {
 public:
  WorkerCore(EventLoop& loop, const WorkerPool::Options& options);

  // ---- Loop thread.

  void StartThreads();
  Status Submit(Job& job, JobKind kind, TimePoint deadline, const std::source_location& where);
  bool TryCancel(Job& job);
  bool Cancel(Job& job);
  // Returns the names of the jobs that still ran after `limit`.
  std::vector<std::string> Stop(Duration limit);
  std::vector<std::string> RunningJobs();
  const WorkerStats& stats();
  EventLoop& loop() const { return loop_; }

  // For PendingWait: the answer of `fiber` is stored.
  void Resume(JobFiber& fiber);
  // For PendingWait: one more, or one less, of the jobs waits for the loop and has no answer.
  void AddSuspended(int change);
  CancelList& waits() { return waits_; }
  // For PendingWait: code of a job runs on the loop, on the stack of a fiber that cannot end meanwhile.
  void SetBeginning(bool beginning) { beginning_ = beginning; }

 private:
  // What a worker thread has done: a job has finished, or its fiber is suspended, or neither.
  struct Step {
    Job* finished = nullptr;
    JobFiber* suspended = nullptr;
  };
  // What it does next: goes on with a fiber, starts a job, or ends when there is neither.
  struct Work {
    JobFiber* fiber = nullptr;
    Job* job = nullptr;
    TimePoint now{};
    explicit operator bool() const { return fiber != nullptr || job != nullptr; }
  };

  // ---- Loop thread (worker_core.cc).

  // Takes the batch that the workers have made and brings each of its parts to poll, which keeps its budget.
  void TakeBatch();
  void HandOver(LoopWait* wait, Job* job);
  bool IsFull();
  void SendOutbox();
  void CompleteFront();
  void StartFront();
  void Complete(Job& job);
  std::vector<std::string> JoinThreads(Duration limit);
  void CompleteAll(JobList dropped);
  void DropQueued(JobList* dropped, LinkQueue<LoopWait>* waits);
  // Holds the clock while a job can get on without the loop: not while all wait, nor while those that wait for the loop
  // have taken all the fibers and the queue waits for them.
  void UpdateTimeHold();

  // ---- Worker threads (worker_thread.cc).

  void RunThread(WorkerThread& self);
  // Gives `last` back and takes what is next; sleeps until there is something. Nothing: the thread ends.
  Work Next(WorkerThread& self, const Step& last);
  // With the lock held: notes what the thread does next, or that it ends.
  const Work& Begin(WorkerThread& self, const Work& work);
  void PostBatch();
  // Waits for something to do, awake at first.
  void Rest(WorkerThread& self, std::unique_lock<std::mutex>& lock);
  void Search(WorkerThread& self, std::unique_lock<std::mutex>& lock);
  void Sleep(WorkerThread& self, std::unique_lock<std::mutex>& lock);
  void EndSearch(WorkerThread& self);
  // With the lock held.
  void TakeBack(WorkerThread& self, const Step& last);
  Work Take(WorkerThread& self);
  JobFiber* TakeReady(WorkerThread& self);
  Job* TakeQueued(WorkerThread& self, TimePoint now);

  // ---- Both, with the lock held.

  bool SlowMayRun() const { return slow_running_ < slow_limit_; }
  JobList* NextQueue();
  void MakeReady(JobFiber& fiber);
  // The thread to be woken, or null; it counts as awake from here on.
  WorkerThread* PickSleeper();
  WorkerThread* WakeIfSleeping(WorkerThread& thread);
  void WakeOthers();
  bool BatchNeedsPost();
  void TellNews() { news_.store(news_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

  // Constant after construction.
  EventLoop& loop_;
  const WorkerPool::Options options_;
  // A thread that looks for work without sleeping has a core to do so.
  const bool may_search_ = UsableCores() > 1;
  const size_t slow_limit_;

  // Loop thread only.
  WorkerStats stats_;
  bool stopped_ = false;
  bool beginning_ = false;
  uint64_t submitted_ = 0;
  // Jobs between Submit() and Done(), and those of them that wait for the loop.
  size_t jobs_ = 0;
  size_t suspended_ = 0;
  bool holds_time_ = false;
  // Submitted, and not given to the threads yet; while a batch of results is handed over.
  JobList outbox_;
  bool handing_over_ = false;
  // Came back, and wait for Done() or for their start in poll.
  JobList completed_;
  LinkQueue<LoopWait> starting_;
  // Waits that have started.
  CancelList waits_;

  // Counts what may give a thread work; written under the lock, watched by the thread that searches.
  alignas(kCacheIsland) std::atomic<uint32_t> news_ = 0;

  alignas(kCacheIsland) BriefMutex mutex_;
  // Guarded by mutex_.
  bool stopping_ = false;
  std::array<JobList, 2> queued_;
  size_t started_ = 0;
  size_t waiting_ = 0;
  // Threads that are on their way to tell the loop of a batch.
  size_t posting_ = 0;
  // Slow jobs that hold a thread, and those that have their answer and need one.
  size_t slow_running_ = 0;
  size_t slow_ready_ = 0;
  uint64_t loop_waits_ = 0;
  JobList finished_;
  LinkQueue<LoopWait> new_waits_;
  bool batch_posted_ = false;
  std::vector<WorkerThread*> sleepers_;
  // Threads that look for work. While there is one, a job wakes no other: it wakes the next when it has found some.
  size_t searching_ = 0;
  std::deque<WorkerThread> threads_;
  size_t live_threads_ = 0;
  std::condition_variable thread_ended_;
};

// The core whose job runs on this thread, or null outside of jobs. Thread: any.
WorkerCore* CoreOfJob();

}  // namespace rota::internal

#endif  // ROTA_WORKER_WORKER_CORE_H_
