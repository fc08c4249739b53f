#ifndef ROTA_WORKER_JOB_H_
#define ROTA_WORKER_JOB_H_

#include <cstdint>
#include <optional>

#include "framework/base/check.h"
#include "framework/base/clock.h"
#include "framework/base/status.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/operation.h"

namespace rota {

class Job;

// What to expect of a job. Slow jobs (a large copy, a call to a foreign service) may hold at most half of the threads of
// their pool, so that they never keep the fast ones waiting.
enum class JobKind : uint8_t { kFast, kSlow };

namespace internal {

// What the pool keeps about a job, inside of the job: submitting one allocates nothing.
struct JobEntry {
  enum class Phase : uint8_t { kOutside, kQueued, kStarted, kOver };

  // Set by Submit(), constant until Done().
  JobKind kind = JobKind::kFast;
  uint64_t sequence = 0;
  TimePoint deadline = kNoDeadline;
  TimePoint submitted{};
  ContextBase* context = nullptr;  // Kept by `operation`.

  // Guarded by the lock of the pool.
  Phase phase = Phase::kOutside;
  Job* previous = nullptr;
  Job* next = nullptr;

  // The worker's while the job runs, then the loop's.
  Duration queue_wait{};
  Duration run{};
  Status status;

  // Loop thread only.
  std::optional<Operation> operation;
};

JobEntry& EntryOf(Job& job);

}  // namespace internal

// A blocking piece of work for a WorkerPool. Derive from it, or use RequestContext::RunBlocking().
// Thread: Run() on a worker, in a fiber; everything else on the loop.
// Owner:  whoever submits it, who keeps it from Submit() until Done() has begun or TryCancel() has returned true. Between
//         jobs the object may be used again.
// Errors: an exception must not leave Run(); it stops the process.
class Job {
 public:
  Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  virtual ~Job() {
    ROTA_CHECK(entry_.phase == internal::JobEntry::Phase::kOutside, "a job was destroyed while its pool still had it");
  }

  // The work. May block, and may wait for the loop (framework/worker/loop_wait.h), which leaves the thread to other
  // jobs. CurrentContext() is the context that was current at Submit(). All of it runs on one thread.
  virtual void Run() = 0;

  // The end of the job, exactly once after Submit() returned OK, under the context that was current then:
  //   OK                 Run() has returned
  //   CANCELLED          the pool was stopped first; Run() was not called
  //   DEADLINE_EXCEEDED  the deadline of Submit() had passed before a thread was free; Run() was not called
  // May delete the job. An exception goes to the loop's uncaught handler, but must not leave it during WorkerPool::Stop().
  virtual void Done(const Status& status) = 0;

 private:
  friend internal::JobEntry& internal::EntryOf(Job& job);

  internal::JobEntry entry_;
};

inline internal::JobEntry& internal::EntryOf(Job& job) { return job.entry_; }

}  // namespace rota

#endif  // ROTA_WORKER_JOB_H_
