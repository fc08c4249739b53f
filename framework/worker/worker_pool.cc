#include "framework/worker/worker_pool.h"

#include <algorithm>
#include <memory>

#include "framework/base/cores.h"
#include "framework/worker/worker_core.h"

namespace rota {

WorkerPool::WorkerPool(EventLoop& loop) : WorkerPool(loop, Options()) {}

WorkerPool::WorkerPool(EventLoop& loop, Options options)
    : core_(std::make_shared<internal::WorkerCore>(loop, options)) {
  core_->StartThreads();
}

WorkerPool::~WorkerPool() { Stop(); }

size_t WorkerPool::DefaultThreads() { return std::max<size_t>(2, UsableCores()); }

Status WorkerPool::Submit(Job& job, JobKind kind, TimePoint deadline, const std::source_location& where) {
  return core_->Submit(job, kind, deadline, where);
}

bool WorkerPool::TryCancel(Job& job) { return core_->TryCancel(job); }

bool WorkerPool::Cancel(Job& job) { return core_->Cancel(job); }

void WorkerPool::Stop() { core_->Stop(Duration::max()); }

std::vector<std::string> WorkerPool::StopWithin(Duration limit) { return core_->Stop(limit); }

std::vector<std::string> WorkerPool::RunningJobs() const { return core_->RunningJobs(); }

const WorkerStats& WorkerPool::stats() const { return core_->stats(); }

EventLoop& WorkerPool::loop() const { return core_->loop(); }

}  // namespace rota
