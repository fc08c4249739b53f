// The part of PoolState that runs on the worker threads. Only here, and in fiber_scheduler.cc, is Boost.Fiber seen.
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <boost/fiber/context.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/pooled_fixedsize_stack.hpp>

#include "framework/base/check.h"
#include "framework/loop/context_slot.h"
#include "framework/worker/fiber_scheduler.h"
#include "framework/worker/pool_state.h"

namespace rota::internal {

namespace fibers = boost::fibers;

// The main fiber of the thread hands out work; each yield() runs the other fibers until they end or wait.
void PoolState::RunThread(WorkerThread& self) {
  this_thread = &self;
  this_pool = this;
  UseFiberScheduler();
  fibers::pooled_fixedsize_stack stacks(options.stack_bytes);
  std::vector<fibers::context*> woken;
  std::unique_lock lock(mutex);
  while (true) {
    if (!self.woken.empty()) {
      woken.swap(self.woken);
      lock.unlock();
      for (fibers::context* fiber : woken) fibers::context::active()->schedule(fiber);
      woken.clear();
      boost::this_fiber::yield();
      lock.lock();
    } else if (Job* job = TakeJob()) {
      ++self.fibers;
      lock.unlock();
      fibers::fiber(boost::fibers::launch::post, std::allocator_arg, stacks, [this, &self, job] { RunJob(self, *job); }).detach();
      boost::this_fiber::yield();
      lock.lock();
    } else if (stopping && self.fibers == 0) {
      break;
    } else {
      if (!self.idle) {
        self.idle = true;
        idle.push_back(&self);
      }
      self.wake.wait(lock);
      if (self.idle) {
        self.idle = false;
        std::erase(idle, &self);
      }
    }
  }
}

void PoolState::RunJob(WorkerThread& self, Job& job) {
  this_job = &job;
  {
    const ContextScope scope(job.operation_->context());
    try {
      job.Run();
    } catch (...) {
      ROTA_CHECK(false, "an exception left Job::Run()");
    }
  }
  this_job = nullptr;
  job.ended_ = loop.Now();
  bool tell = false;
  {
    const std::lock_guard lock(mutex);
    --running;
    --self.fibers;
    slow_running -= job.kind_ == JobKind::kSlow;
    tell = Finish(job, Job::Outcome::kRan);
    // A slow job that was held up, or one that waited for a fiber, may start now.
    if (!fast.empty() || !slow.empty()) WakeIdle();
  }
  if (tell) TellLoop();
}

bool PoolState::Suspend(const std::shared_ptr<LoopWaitBase>& wait, Callback start) {
  Job* const job = std::exchange(this_job, nullptr);
  const bool is_slow = job->kind_ == JobKind::kSlow;
  {
    const std::lock_guard lock(mutex);
    if (stopping) {
      this_job = job;
      return false;
    }
    wait->thread = this_thread;
    wait->fiber = fibers::context::active();
    waits.push_back(wait);
    --running;
    ++suspended;
    slow_running -= is_slow;
    if (is_slow && !slow.empty()) WakeIdle();
  }
  loop.Post(std::move(start));
  // Only this thread's main fiber wakes this one, so the end of the wait cannot come in between.
  ContextBase* const context = SwitchContext(nullptr);
  fibers::context::active()->suspend();
  SwitchContext(context);
  this_job = job;
  const std::lock_guard lock(mutex);
  ++running;
  --suspended;
  slow_running += is_slow;
  return true;
}

}  // namespace rota::internal
