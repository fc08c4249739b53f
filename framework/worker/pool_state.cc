#include "framework/worker/pool_state.h"

#include <algorithm>
#include <utility>

#include "framework/base/check.h"

namespace rota::internal {
namespace {

WorkerPool::Options WithDefaults(WorkerPool::Options options) {
  if (options.threads == 0) options.threads = std::max(2u, std::thread::hardware_concurrency());
  options.max_fibers = std::max(options.max_fibers, options.threads);
  return options;
}

}  // namespace

PoolState::PoolState(EventLoop& event_loop, WorkerPool::Options pool_options)
    : loop(event_loop), options(WithDefaults(pool_options)), max_slow(std::max<size_t>(1, options.threads / 2)) {}

Job* PoolState::TakeJob() {
  while (running + suspended < options.max_fibers) {
    const bool slow_may = !slow.empty() && slow_running < max_slow;
    if (fast.empty() && !slow_may) return nullptr;
    const bool take_slow = slow_may && (fast.empty() || slow.first()->position_ < fast.first()->position_);
    JobList& list = take_slow ? slow : fast;
    Job& job = *list.first();
    list.Remove(job);
    job.started_ = loop.Now();
    if (job.deadline_ <= job.started_) {
      if (Finish(job, Job::Outcome::kExpired)) {
        // Rare, and the loop's inbox takes no other lock.
        TellLoop();
      }
      continue;
    }
    job.state_ = Job::State::kRunning;
    ++running;
    slow_running += take_slow;
    return &job;
  }
  return nullptr;
}

bool PoolState::Finish(Job& job, Job::Outcome outcome) {
  job.state_ = Job::State::kFinished;
  job.outcome_ = outcome;
  finished.push_back(&job);
  return finished.size() == 1;
}

void PoolState::WakeIdle() {
  if (idle.empty()) return;
  WorkerThread& thread = *idle.back();
  idle.pop_back();
  thread.idle = false;
  thread.wake.notify_one();
}

void PoolState::EndWait(LoopWaitBase& wait) {
  wait.done = true;
  std::erase_if(waits, [&](const auto& other) { return other.get() == &wait; });
  wait.thread->woken.push_back(wait.fiber);
  wait.thread->wake.notify_one();
}

void PoolState::TellLoop() {
  loop.Post([state = shared_from_this()] { state->Deliver(); });
}

void PoolState::Deliver() {
  std::vector<Job*> batch;
  {
    const std::lock_guard lock(mutex);
    batch.swap(finished);
    for (Job* job : batch) job->state_ = Job::State::kDelivering;
  }
  for (Job* job : batch) job->position_ = delivering.Push(job);
  // A Done() may destroy other jobs of the batch: they are looked up again, one by one.
  for (size_t left = batch.size(); left > 0; --left) {
    Job** const slot = delivering.At(next_delivery++);
    const bool alive = slot != nullptr && *slot != nullptr;
    Operation operation = alive ? std::move(*(*slot)->operation_) : Operation(loop, RefKind::kJob);
    loop.RunCompletion(std::move(operation), [state = shared_from_this()] { state->DeliverOne(); });
  }
}

void PoolState::DeliverOne() {
  Job* const job = delivering.Pop();
  if (job == nullptr) return;
  Status status;
  switch (job->outcome_) {
    case Job::Outcome::kRan:
      ++totals.finished;
      totals.queue_wait.Record(job->started_ - job->submitted_);
      totals.run.Record(job->ended_ - job->started_);
      break;
    case Job::Outcome::kExpired:
      ++totals.expired;
      status = DeadlineExceededError("the deadline of a job passed while it waited for a worker");
      break;
    case Job::Outcome::kCancelled:
      ++totals.cancelled;
      status = CancelledError("the worker pool stopped before the job could start");
      break;
  }
  Release(*job);
  job->Done(status);
}

void PoolState::Release(Job& job) {
  job.state_ = Job::State::kIdle;
  job.operation_.reset();
  job.pool_.reset();
  loop.ReleaseTime();
}

void PoolState::Forget(Job& job) {
  {
    const std::lock_guard lock(mutex);
    switch (job.state_) {
      case Job::State::kIdle:
        return;
      case Job::State::kQueued:
        (job.kind_ == JobKind::kSlow ? slow : fast).Remove(job);
        break;
      case Job::State::kRunning:
        ROTA_CHECK(false, "a job was destroyed while it runs");
        break;
      case Job::State::kFinished:
        // Its place in the batch goes with it.
        std::erase(finished, &job);
        break;
      case Job::State::kDelivering:
        *delivering.At(job.position_) = nullptr;
        break;
    }
  }
  ++totals.cancelled;
  Release(job);
}

}  // namespace rota::internal
