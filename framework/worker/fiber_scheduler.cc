#include "framework/worker/fiber_scheduler.h"

#include <chrono>

#include <boost/fiber/algo/algorithm.hpp>
#include <boost/fiber/context.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/properties.hpp>
#include <boost/fiber/scheduler.hpp>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define ROTA_TSAN 1
#endif
#endif

namespace rota::internal {
namespace {

namespace fibers = boost::fibers;

// What ThreadSanitizer knows a fiber by.
class TsanFiber final : public fibers::fiber_properties {
 public:
  explicit TsanFiber(fibers::context* context) : fibers::fiber_properties(context) {
#ifdef ROTA_TSAN
    is_thread_ = context->is_context(fibers::type::main_context);
    handle_ = is_thread_ ? __tsan_get_current_fiber() : __tsan_create_fiber(0);
#endif
  }
  ~TsanFiber() override {
#ifdef ROTA_TSAN
    if (!is_thread_) __tsan_destroy_fiber(handle_);
#endif
  }

#ifdef ROTA_TSAN
  void* handle() const { return handle_; }

 private:
  bool is_thread_ = false;
  void* handle_ = nullptr;
#endif
};

class RoundRobin final : public fibers::algo::algorithm_with_properties<TsanFiber> {
 public:
  void awakened(fibers::context* context, TsanFiber&) noexcept override { context->ready_link(ready_); }

  // The switch follows; until then nothing may tell ThreadSanitizer of functions that begin or end.
#ifdef ROTA_TSAN
  __attribute__((disable_sanitizer_instrumentation))
#endif
  fibers::context* pick_next() noexcept override {
    if (ready_.empty()) return nullptr;
    fibers::context* const next = &ready_.front();
    ready_.pop_front();
#ifdef ROTA_TSAN
    __tsan_switch_to_fiber(static_cast<TsanFiber*>(next->get_properties())->handle(), 0);
#endif
    return next;
  }

  bool has_ready_fibers() const noexcept override { return !ready_.empty(); }

  // The main fiber of a worker sleeps on a condition variable of the pool, not in here, so there is always a fiber that
  // is ready, and nobody else wakes this thread.
  void suspend_until(const std::chrono::steady_clock::time_point&) noexcept override {}
  void notify() noexcept override {}

 private:
  fibers::scheduler::ready_queue_type ready_;
};

}  // namespace

void UseFiberScheduler() { fibers::use_scheduling_algorithm<RoundRobin>(); }

}  // namespace rota::internal
