#include "framework/worker/worker_core.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>

#include "framework/base/check.h"
#include "framework/worker/fiber.h"

namespace rota::internal {
namespace {

// Jobs that wait at most for the end of a batch of results before they go to the threads.
constexpr size_t kMostInOutbox = 16;

size_t SlowLimit(const EventLoop& loop, const WorkerPool::Options& options) {
  if (options.slow_threads != 0) return options.slow_threads;
  if (loop.compatibility() == Compatibility::kNode) return (options.threads + 1) / 2;
  return std::max<size_t>(1, options.threads / 2);
}

// The type of the job, which for RunBlocking() names the function that called it.
std::string NameOf(const Job& job) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(abi::__cxa_demangle(typeid(job).name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : typeid(job).name();
}

}  // namespace

WorkerCore::WorkerCore(EventLoop& loop, const WorkerPool::Options& options)
    : loop_(loop),
      options_(options),
      slow_limit_(SlowLimit(loop, options)) {
  ROTA_CHECK(options.threads > 0, "a worker pool needs a thread");
  ROTA_CHECK(options.max_fibers > 0, "a worker pool needs a fiber");
  stats_.threads = options.threads;
  stats_.queue_capacity = options.queue_capacity;
}

void WorkerCore::StartThreads() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (size_t i = 0; i < options_.threads; ++i) {
    WorkerThread& thread = threads_.emplace_back();
    ++live_threads_;
    // Kept by the thread, which may outlive the pool when its job does not end.
    thread.thread = std::thread([self = shared_from_this(), &thread] { self->RunThread(thread); });
  }
}

Status WorkerCore::Submit(Job& job, JobKind kind, TimePoint deadline, const std::source_location& where) {
  JobEntry& entry = EntryOf(job);
  ROTA_CHECK(entry.phase == JobEntry::Phase::kOutside, "a job was submitted while a pool still had it");
  if (stopped_) {
    ++stats_.rejected;
    return UnavailableError(kPoolStopped);
  }
  if (jobs_ >= options_.queue_capacity && IsFull()) {
    ++stats_.rejected;
    return ResourceExhaustedError("worker queue is full (capacity " + std::to_string(options_.queue_capacity) + ")");
  }
  entry.kind = kind;
  entry.sequence = submitted_++;
  entry.deadline = deadline;
  entry.submitted = loop_.Now();
  entry.context = CurrentContext();
  entry.operation.emplace(loop_, RefKind::kJob, where);
  entry.phase = JobEntry::Phase::kQueued;
  outbox_.PushBack(job);
  if (!handing_over_ || outbox_.size() >= kMostInOutbox) SendOutbox();
  ++stats_.submitted;
  ++jobs_;
  UpdateTimeHold();
  return OkStatus();
}

bool WorkerCore::IsFull() {
  SendOutbox();
  const std::lock_guard<std::mutex> lock(mutex_);
  return queued_[0].size() + queued_[1].size() >= options_.queue_capacity;
}

void WorkerCore::SendOutbox() {
  if (outbox_.empty()) return;
  WorkerThread* sleeper = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    while (!outbox_.empty()) {
      Job& job = outbox_.PopFront();
      queued_[static_cast<size_t>(EntryOf(job).kind)].PushBack(job);
    }
    TellNews();
    if (searching_ == 0 && NextQueue() != nullptr) sleeper = PickSleeper();
  }
  if (sleeper != nullptr) sleeper->parker.Unpark();
}

bool WorkerCore::TryCancel(Job& job) {
  SendOutbox();
  JobEntry& entry = EntryOf(job);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (entry.phase != JobEntry::Phase::kQueued) return false;
    queued_[static_cast<size_t>(entry.kind)].Remove(job);
    entry.phase = JobEntry::Phase::kOutside;
  }
  ++stats_.cancelled;
  --jobs_;
  UpdateTimeHold();
  // Last: it may hold the last reference of its context, whose end may destroy the job.
  const Operation let_go = std::move(*entry.operation);
  entry.operation.reset();
  return true;
}

bool WorkerCore::Cancel(Job& job) {
  SendOutbox();
  JobEntry& entry = EntryOf(job);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (entry.phase != JobEntry::Phase::kQueued) return false;
    queued_[static_cast<size_t>(entry.kind)].Remove(job);
    entry.phase = JobEntry::Phase::kOver;
    entry.status = CancelledError("a job was cancelled before it started");
    finished_.PushBack(job);
    if (!BatchNeedsPost()) return true;
  }
  PostBatch();
  return true;
}

void WorkerCore::Resume(JobFiber& fiber) {
  WorkerThread* sleeper = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    --waiting_;
    MakeReady(fiber);
    if (EntryOf(*fiber.job).kind == JobKind::kFast || SlowMayRun()) sleeper = WakeIfSleeping(*fiber.thread);
  }
  if (sleeper != nullptr) sleeper->parker.Unpark();
}

void WorkerCore::AddSuspended(int change) {
  suspended_ += static_cast<size_t>(change);
  UpdateTimeHold();
}

void WorkerCore::UpdateTimeHold() {
  const bool hold = options_.holds_time && suspended_ < std::min(jobs_, options_.max_fibers);
  if (std::exchange(holds_time_, hold) == hold) return;
  if (hold) {
    loop_.HoldTime();
  } else {
    loop_.ReleaseTime();
  }
}

std::vector<std::string> WorkerCore::RunningJobs() {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> names;
  for (const WorkerThread& thread : threads_) {
    if (thread.running != nullptr) names.push_back(NameOf(*thread.running));
  }
  return names;
}

const WorkerStats& WorkerCore::stats() {
  SendOutbox();
  const std::lock_guard<std::mutex> lock(mutex_);
  stats_.queued = queued_[0].size() + queued_[1].size();
  stats_.running = started_ - waiting_;
  stats_.posting = posting_;
  stats_.waiting = waiting_;
  stats_.loop_waits = loop_waits_;
  return stats_;
}

// ---- What comes back.

void WorkerCore::TakeBatch() {
  LoopWait* first_wait = nullptr;
  Job* first_job = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    batch_posted_ = false;
    first_wait = new_waits_.front();
    starting_.Append(std::move(new_waits_));
    first_job = finished_.front();
    completed_.Append(std::move(finished_));
  }
  ++stats_.batches;
  // What is submitted in answer to the results goes to the threads together: a lock for each would be fought for.
  const bool outer = std::exchange(handing_over_, true);
  HandOver(first_wait, first_job);
  handing_over_ = outer;
  SendOutbox();
}

// What this leaves when the loop or the pool ends meanwhile, Stop() finds in the two lists.
void WorkerCore::HandOver(LoopWait* wait, Job* job) {
  const std::shared_ptr<WorkerCore> self = shared_from_this();
  while (wait != nullptr && !stopped_ && !loop_.exiting()) {
    std::optional<Operation> operation;
    {
      const ContextScope scope(wait->context);
      operation.emplace(loop_, RefKind::kJob);
    }
    wait = wait->next;
    loop_.RunCompletion(std::move(*operation), [self] { self->StartFront(); });
  }
  while (job != nullptr && !stopped_ && !loop_.exiting()) {
    JobEntry& entry = EntryOf(*job);
    job = entry.next;
    Operation operation = std::move(*entry.operation);
    entry.operation.reset();
    loop_.RunCompletion(std::move(operation), [self] { self->CompleteFront(); });
  }
}

// Completions run in the order in which they were handed over, put off or not, so the front is the one that is due.
void WorkerCore::CompleteFront() {
  if (!completed_.empty()) Complete(completed_.PopFront());
}

void WorkerCore::StartFront() {
  if (LoopWait* wait = starting_.PopFront()) MakeRef<PendingWait>(*this, *wait)->Start();
}

void WorkerCore::Complete(Job& job) {
  JobEntry& entry = EntryOf(job);
  --jobs_;
  UpdateTimeHold();
  const Status status = std::exchange(entry.status, OkStatus());
  if (status.ok()) {
    ++stats_.finished;
    stats_.queue_wait.Record(entry.queue_wait);
    stats_.run.Record(entry.run);
  } else {
    ++(status.code() == StatusCode::kDeadlineExceeded ? stats_.expired : stats_.cancelled);
  }
  entry.phase = JobEntry::Phase::kOutside;
  job.Done(status);
}

// ---- The end.

std::vector<std::string> WorkerCore::Stop(Duration limit) {
  ROTA_CHECK(!beginning_, "a job that waits for the loop cannot stop its pool there");
  if (std::exchange(stopped_, true)) return {};
  JobList dropped;
  LinkQueue<LoopWait> waits;
  DropQueued(&dropped, &waits);
  while (LoopWait* wait = waits.PopFront()) {
    wait->Fail(CancelledError(kPoolStopped));
    Resume(*wait->fiber);
  }
  waits_.Cancel(CancelledError(kPoolStopped));
  std::vector<std::string> stuck = JoinThreads(limit);
  if (stuck.empty()) CompleteAll(std::move(dropped));
  return stuck;
}

std::vector<std::string> WorkerCore::JoinThreads(Duration limit) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto ended = [this] { return live_threads_ == 0; };
  std::vector<std::string> stuck;
  if (limit == Duration::max()) {
    thread_ended_.wait(lock, ended);
  } else if (!thread_ended_.wait_for(lock, limit, ended)) {
    for (WorkerThread& thread : threads_) {
      if (thread.running != nullptr) stuck.push_back(NameOf(*thread.running));
      thread.thread.detach();
    }
    // All may have ended a moment after the limit.
    if (stuck.empty()) stuck.emplace_back("a job that has just ended");
    return stuck;
  }
  lock.unlock();
  for (WorkerThread& thread : threads_) thread.thread.join();
  return stuck;
}

void WorkerCore::CompleteAll(JobList dropped) {
  completed_.Append(std::move(finished_));
  completed_.Append(std::move(dropped));
  while (!completed_.empty()) {
    Job& job = completed_.PopFront();
    // Kept here: the job may be gone after Done().
    std::optional<Operation> operation;
    if (std::optional<Operation>& own = EntryOf(job).operation; own) {
      operation.emplace(std::move(*own));
      own.reset();
    }
    const ContextScope scope(EntryOf(job).context);
    Complete(job);
  }
}

void WorkerCore::DropQueued(JobList* dropped, LinkQueue<LoopWait>* waits) {
  SendOutbox();
  const std::lock_guard<std::mutex> lock(mutex_);
  stopping_ = true;
  TellNews();
  for (JobList& queue : queued_) {
    for (; !queue.empty(); dropped->PushBack(queue.PopFront())) {
      JobEntry& entry = EntryOf(*queue.front());
      entry.phase = JobEntry::Phase::kOver;
      entry.status = CancelledError(kPoolStopped);
    }
  }
  while (LoopWait* wait = starting_.PopFront()) waits->PushBack(*wait);
  while (LoopWait* wait = new_waits_.PopFront()) waits->PushBack(*wait);
  for (WorkerThread& thread : threads_) {
    if (WakeIfSleeping(thread) != nullptr) thread.parker.Unpark();
  }
}

// ---- With the lock held.

// The older of the jobs that may start: a slow one does not stand in the way of fast ones.
JobList* WorkerCore::NextQueue() {
  if (started_ >= options_.max_fibers) return nullptr;
  JobList& fast = queued_[static_cast<size_t>(JobKind::kFast)];
  JobList& slow = queued_[static_cast<size_t>(JobKind::kSlow)];
  if (slow.empty() || !SlowMayRun()) return fast.empty() ? nullptr : &fast;
  if (fast.empty()) return &slow;
  return EntryOf(*slow.front()).sequence < EntryOf(*fast.front()).sequence ? &slow : &fast;
}

void WorkerCore::MakeReady(JobFiber& fiber) {
  const JobKind kind = EntryOf(*fiber.job).kind;
  fiber.thread->ready[static_cast<size_t>(kind)].PushBack(fiber);
  TellNews();
  if (kind == JobKind::kSlow) ++slow_ready_;
}

WorkerThread* WorkerCore::PickSleeper() { return sleepers_.empty() ? nullptr : WakeIfSleeping(*sleepers_.back()); }

WorkerThread* WorkerCore::WakeIfSleeping(WorkerThread& thread) {
  if (!std::exchange(thread.sleeping, false)) return nullptr;
  sleepers_.erase(std::find(sleepers_.begin(), sleepers_.end(), &thread));
  thread.searching = true;
  ++searching_;
  return &thread;
}

// After a step of one thread: what may run now and could not before.
void WorkerCore::WakeOthers() {
  if (searching_ == 0 && !sleepers_.empty() && NextQueue() != nullptr) PickSleeper()->parker.Unpark();
  if (slow_ready_ == 0 || !SlowMayRun()) return;
  for (WorkerThread& thread : threads_) {
    if (thread.ready[static_cast<size_t>(JobKind::kSlow)].empty() || WakeIfSleeping(thread) == nullptr) continue;
    thread.parker.Unpark();
    return;
  }
}

bool WorkerCore::BatchNeedsPost() {
  if (finished_.empty() && new_waits_.empty()) return false;
  return !std::exchange(batch_posted_, true);
}

}  // namespace rota::internal
