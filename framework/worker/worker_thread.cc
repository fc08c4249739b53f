// What the threads of a WorkerCore do.

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "framework/base/check.h"
#include "framework/base/pause.h"
#include "framework/base/status.h"
#include "framework/loop/context_slot.h"
#include "framework/worker/fiber.h"
#include "framework/worker/pending_wait.h"
#include "framework/worker/stack_guard.h"
#include "framework/worker/worker_core.h"

namespace rota::internal {
namespace {

// Fibers that a thread keeps for the next jobs; what was more in a rush is freed.
constexpr size_t kIdleFibers = 64;

// How long one thread that has no work stays awake: about what it costs to wake it.
constexpr Duration kLongestSearch = std::chrono::microseconds(20);

thread_local JobFiber* current_fiber = nullptr;

// An exception that nobody can get: the job does not say how it would reach its owner.
[[noreturn]] void RunHasThrown() {
  std::string what = "an exception left Job::Run()";
  try {
    throw;
  } catch (const std::exception& exception) {
    what.append(": ").append(exception.what());
  } catch (...) {
  }
  ROTA_CHECK(false, what);
  std::terminate();
}

void RunJobs(void* argument) {
  auto& self = *static_cast<JobFiber*>(argument);
  while (self.job != nullptr) {
    SwitchContext(EntryOf(*self.job).context);
    try {
      self.job->Run();
    } catch (...) {
      RunHasThrown();
    }
    SwitchContext(nullptr);
    self.fiber->Suspend();
  }
}

// The fibers of one thread that have no job.
class IdleFibers {
 public:
  IdleFibers(WorkerCore& core, WorkerThread& thread, size_t stack_bytes)
      : core_(core), thread_(thread), stack_bytes_(stack_bytes) {}
  ~IdleFibers() {
    for (; !idle_.empty(); idle_.pop_back()) End(*idle_.back());
  }

  JobFiber& Get() {
    if (idle_.empty()) return Create();
    JobFiber& fiber = *idle_.back().release();
    idle_.pop_back();
    return fiber;
  }
  void Put(JobFiber& fiber) {
    std::unique_ptr<JobFiber> owned(&fiber);
    if (idle_.size() < kIdleFibers) return idle_.push_back(std::move(owned));
    End(fiber);
  }

 private:
  JobFiber& Create() {
    auto fiber = std::make_unique<JobFiber>();
    fiber->core = &core_;
    fiber->thread = &thread_;
    fiber->fiber = std::make_unique<Fiber>(host_, stack_bytes_, &RunJobs, fiber.get());
    return *fiber.release();
  }
  static void End(JobFiber& fiber) {
    fiber.job = nullptr;
    fiber.fiber->Resume();
  }

  WorkerCore& core_;
  WorkerThread& thread_;
  const size_t stack_bytes_;
  FiberHost host_;
  std::vector<std::unique_ptr<JobFiber>> idle_;
};

}  // namespace

void WorkerCore::RunThread(WorkerThread& self) {
  StackGuard guard;
  IdleFibers idle(*this, self, options_.stack_bytes);
  Step last;
  while (const Work work = Next(self, last)) {
    JobFiber& fiber = work.fiber != nullptr ? *work.fiber : idle.Get();
    if (work.job != nullptr) fiber.job = work.job;
    current_fiber = &fiber;
    guard.Enter(fiber.fiber->stack_bottom(), kStackGuardBytes, options_.stack_bytes, typeid(*fiber.job).name());
    fiber.fiber->Resume();
    guard.Leave();
    current_fiber = nullptr;
    EntryOf(*fiber.job).run += loop_.Now() - work.now;
    if (fiber.wait != nullptr) {
      last = {.suspended = &fiber};
    } else {
      last = {.finished = fiber.job};
      idle.Put(fiber);
    }
  }
}

WorkerCore::Work WorkerCore::Next(WorkerThread& self, const Step& last) {
  std::unique_lock<std::mutex> lock(mutex_);
  self.running = nullptr;
  TakeBack(self, last);
  for (;;) {
    const Work work = Take(self);
    if (work) EndSearch(self);
    WakeOthers();
    if (BatchNeedsPost()) {
      ++posting_;
      lock.unlock();
      PostBatch();
      lock.lock();
      --posting_;
      if (work) return Begin(self, work);
      continue;
    }
    if (work || (stopping_ && self.started == 0)) return Begin(self, work);
    Rest(self, lock);
  }
}

const WorkerCore::Work& WorkerCore::Begin(WorkerThread& self, const Work& work) {
  self.running = work.fiber != nullptr ? work.fiber->job : work.job;
  if (self.running == nullptr && --live_threads_ == 0) thread_ended_.notify_all();
  return work;
}

void WorkerCore::PostBatch() {
  loop_.Post([self = shared_from_this()] { self->TakeBatch(); });
}

// The next job often comes soon, and to wake a thread takes longer than most jobs. On a single core the loop waits meanwhile.
void WorkerCore::Rest(WorkerThread& self, std::unique_lock<std::mutex>& lock) {
  if (may_search_ && !self.tired && (self.searching || searching_ == 0)) {
    Search(self, lock);
  } else {
    EndSearch(self);
    Sleep(self, lock);
  }
}

void WorkerCore::Search(WorkerThread& self, std::unique_lock<std::mutex>& lock) {
  if (!std::exchange(self.searching, true)) ++searching_;
  const uint32_t seen = news_.load(std::memory_order_relaxed);
  lock.unlock();
  const TimePoint end = std::chrono::steady_clock::now() + kLongestSearch;
  bool found = false;
  for (int i = 1; !found; ++i) {
    PauseProcessor();
    found = news_.load(std::memory_order_acquire) != seen;
    if (i % 16 == 0 && std::chrono::steady_clock::now() >= end) break;
  }
  lock.lock();
  self.tired = !found;
}

void WorkerCore::EndSearch(WorkerThread& self) {
  if (std::exchange(self.searching, false)) --searching_;
  self.tired = false;
}

void WorkerCore::Sleep(WorkerThread& self, std::unique_lock<std::mutex>& lock) {
  self.sleeping = true;
  sleepers_.push_back(&self);
  lock.unlock();
  self.parker.Park();
  lock.lock();
}

void WorkerCore::TakeBack(WorkerThread& self, const Step& last) {
  if (last.finished != nullptr) {
    JobEntry& entry = EntryOf(*last.finished);
    if (entry.kind == JobKind::kSlow) --slow_running_;
    entry.phase = JobEntry::Phase::kOver;
    finished_.PushBack(*last.finished);
    --started_;
    --self.started;
  } else if (last.suspended != nullptr) {
    JobFiber& fiber = *last.suspended;
    if (EntryOf(*fiber.job).kind == JobKind::kSlow) --slow_running_;
    LoopWait& wait = *std::exchange(fiber.wait, nullptr);
    ++loop_waits_;
    if (stopping_) {
      // The loop is in Stop(), or past it.
      wait.Fail(CancelledError(kPoolStopped));
      MakeReady(fiber);
    } else {
      ++waiting_;
      new_waits_.PushBack(wait);
    }
  }
}

WorkerCore::Work WorkerCore::Take(WorkerThread& self) {
  // Jobs that have started go first: what they hold is freed sooner.
  JobFiber* const fiber = TakeReady(self);
  if (fiber == nullptr && NextQueue() == nullptr) return Work();
  const TimePoint now = loop_.Now();
  Job* const job = fiber == nullptr ? TakeQueued(self, now) : nullptr;
  return {.fiber = fiber, .job = job, .now = now};
}

JobFiber* WorkerCore::TakeReady(WorkerThread& self) {
  if (JobFiber* fast = self.ready[static_cast<size_t>(JobKind::kFast)].PopFront()) return fast;
  if (!SlowMayRun()) return nullptr;
  JobFiber* const slow = self.ready[static_cast<size_t>(JobKind::kSlow)].PopFront();
  if (slow == nullptr) return nullptr;
  --slow_ready_;
  ++slow_running_;
  return slow;
}

Job* WorkerCore::TakeQueued(WorkerThread& self, TimePoint now) {
  while (JobList* queue = NextQueue()) {
    Job& job = queue->PopFront();
    JobEntry& entry = EntryOf(job);
    if (entry.deadline <= now) {
      entry.phase = JobEntry::Phase::kOver;
      entry.status = DeadlineExceededError("the deadline of a job passed while it waited for a worker");
      finished_.PushBack(job);
      continue;
    }
    entry.phase = JobEntry::Phase::kStarted;
    entry.queue_wait = now - entry.submitted;
    entry.run = Duration::zero();
    if (entry.kind == JobKind::kSlow) ++slow_running_;
    ++started_;
    ++self.started;
    return &job;
  }
  return nullptr;
}

void SuspendJob(LoopWait& wait) {
  JobFiber* const fiber = current_fiber;
  ROTA_CHECK(fiber != nullptr, "only a job can wait for the loop");
  wait.fiber = fiber;
  wait.context = CurrentContext();
  fiber->wait = &wait;
  SwitchContext(nullptr);
  fiber->fiber->Suspend();
  SwitchContext(wait.context);
}

WorkerCore* CoreOfJob() { return current_fiber == nullptr ? nullptr : current_fiber->core; }

}  // namespace rota::internal
