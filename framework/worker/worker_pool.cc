#include "framework/worker/worker_pool.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "framework/base/check.h"
#include "framework/worker/pool_state.h"

namespace rota {

using internal::PoolState;
using internal::WorkerThread;

void JobList::Push(Job& job) {
  job.previous_ = last_;
  (last_ == nullptr ? first_ : last_->next_) = &job;
  last_ = &job;
  ++size_;
}

void JobList::Remove(Job& job) {
  (job.previous_ == nullptr ? first_ : job.previous_->next_) = job.next_;
  (job.next_ == nullptr ? last_ : job.next_->previous_) = job.previous_;
  job.previous_ = job.next_ = nullptr;
  --size_;
}

Job::~Job() {
  if (pool_ != nullptr) std::shared_ptr<PoolState>(pool_)->Forget(*this);
}

WorkerPool::WorkerPool(EventLoop& loop, Options options) : state_(std::make_shared<PoolState>(loop, options)) {
  for (size_t i = 0; i < state_->options.threads; ++i) {
    WorkerThread& thread = *state_->threads.emplace_back(std::make_unique<WorkerThread>());
    thread.thread = std::thread([state = state_.get(), &thread] { state->RunThread(thread); });
  }
}

WorkerPool::~WorkerPool() { Stop(); }

EventLoop& WorkerPool::loop() const { return state_->loop; }

Status WorkerPool::Submit(Job& job, JobKind kind, TimePoint deadline) {
  ROTA_CHECK(job.state_ == Job::State::kIdle, "a job was submitted while it waits or runs");
  job.kind_ = kind;
  job.deadline_ = deadline;
  job.submitted_ = state_->loop.Now();
  const std::lock_guard lock(state_->mutex);
  if (state_->stopping) {
    ++state_->totals.rejected;
    return UnavailableError("the worker pool has stopped");
  }
  if (state_->fast.size() + state_->slow.size() >= state_->options.queue_capacity) {
    ++state_->totals.rejected;
    return ResourceExhaustedError("worker queue is full (capacity " + std::to_string(state_->options.queue_capacity) + ")");
  }
  ++state_->totals.submitted;
  job.pool_ = state_;
  job.operation_.emplace(state_->loop, RefKind::kJob);
  job.position_ = state_->next_position++;
  job.state_ = Job::State::kQueued;
  (kind == JobKind::kSlow ? state_->slow : state_->fast).Push(job);
  state_->loop.HoldTime();
  state_->WakeIdle();
  return OkStatus();
}

bool WorkerPool::TryCancel(Job& job) {
  {
    const std::lock_guard lock(state_->mutex);
    if (job.state_ != Job::State::kQueued) return false;
    (job.kind_ == JobKind::kSlow ? state_->slow : state_->fast).Remove(job);
  }
  ++state_->totals.cancelled;
  state_->Release(job);
  return true;
}

void WorkerPool::Stop() {
  bool tell = false;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    for (JobList* list : {&state_->fast, &state_->slow}) {
      while (!list->empty()) {
        Job& job = *list->first();
        list->Remove(job);
        tell = state_->Finish(job, Job::Outcome::kCancelled) || tell;
      }
    }
    while (!state_->waits.empty()) {
      const std::shared_ptr<internal::LoopWaitBase> wait = state_->waits.front();
      wait->SetError(CancelledError("the worker pool stops"));
      state_->EndWait(*wait);
    }
    for (const auto& thread : state_->threads) thread->wake.notify_one();
  }
  if (tell) state_->TellLoop();
  for (const auto& thread : state_->threads) {
    if (thread->thread.joinable()) thread->thread.join();
  }
}

WorkerStats WorkerPool::stats() const {
  WorkerStats stats = state_->totals;
  const std::lock_guard lock(state_->mutex);
  stats.threads = state_->options.threads;
  stats.queue_capacity = state_->options.queue_capacity;
  stats.queued = state_->fast.size() + state_->slow.size();
  stats.running = state_->running;
  stats.suspended = state_->suspended;
  return stats;
}

}  // namespace rota
