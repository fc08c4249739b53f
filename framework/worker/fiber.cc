#include "framework/worker/fiber.h"

#include <cxxabi.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/fiber/algo/algorithm.hpp>
#include <boost/fiber/context.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/scheduler.hpp>
#include <boost/fiber/type.hpp>
#include <chrono>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "framework/base/check.h"

namespace rota::internal {

// Goes to the context that Fiber named. What Boost itself wakes (its dispatcher, which frees the stacks of ended fibers)
// waits for a moment when nobody is named.
class DirectScheduler final : public boost::fibers::algo::algorithm {
 public:
  void awakened(boost::fibers::context* context) noexcept override { context->ready_link(ready_); }
  boost::fibers::context* pick_next() noexcept override {
    if (next_ != nullptr) return std::exchange(next_, nullptr);
    if (ready_.empty()) return nullptr;
    boost::fibers::context* const context = &ready_.front();
    ready_.pop_front();
    return context;
  }
  bool has_ready_fibers() const noexcept override { return next_ != nullptr || !ready_.empty(); }
  void suspend_until(std::chrono::steady_clock::time_point const&) noexcept override {
    ROTA_CHECK(false, "all fibers of a worker thread are suspended, and nobody can wake them");
  }
  void notify() noexcept override {}

  void SwitchTo(boost::fibers::context* next) {
    next_ = next;
    boost::fibers::context::active()->suspend();
  }
  // The next context to be picked, for a fiber that ends.
  void EndInto(boost::fibers::context* next) { next_ = next; }
  // Takes back the fiber that Boost has just made ready.
  boost::fibers::context* TakeNewest() {
    boost::fibers::context* const context = &ready_.back();
    context->ready_unlink();
    return context;
  }

 private:
  boost::fibers::context* next_ = nullptr;
  boost::fibers::scheduler::ready_queue_type ready_;
};

namespace {

DirectScheduler& InstallScheduler() {
  auto* const scheduler = new DirectScheduler();
  boost::fibers::context::active()->get_scheduler()->set_algo(scheduler);
  return *scheduler;
}

// The exceptions that are caught or in flight (Itanium C++ ABI, exception handling, 2.2.2): two words a thread, which each
// fiber needs for itself.
struct ExceptionState {
  void* caught = nullptr;
  unsigned int uncaught = 0;

  static ExceptionState Exchange(const ExceptionState& state) {
    void* const globals = abi::__cxa_get_globals();
    ExceptionState previous;
    std::memcpy(&previous, globals, sizeof(previous));
    std::memcpy(globals, &state, sizeof(state));
    return previous;
  }
};

}  // namespace

FiberHost::FiberHost() : scheduler_(InstallScheduler()), main_(boost::fibers::context::active()) {
  AdoptThreadStack(main_stack_);
}

// What Boost asks for a stack: one with kStackGuardBytes below it that may not be touched, which the sanitizers are told of.
class Fiber::Stack {
 public:
  Stack(SanitizedStack& known, size_t bytes) : known_(&known), bytes_(WholePages(bytes)) {}
  boost::context::stack_context allocate() {
    const size_t mapped = kStackGuardBytes + bytes_;
    void* const memory = mmap(nullptr, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    char* const bottom = static_cast<char*>(memory) + kStackGuardBytes;
    if (mprotect(bottom, bytes_, PROT_READ | PROT_WRITE) != 0) {
      munmap(memory, mapped);
      throw std::bad_alloc();
    }
    CreateFiberStack(*known_, bottom, bytes_);
    boost::context::stack_context stack;
    stack.size = bytes_;
    stack.sp = bottom + bytes_;
    return stack;
  }
  void deallocate(boost::context::stack_context& stack) {
    munmap(static_cast<char*>(stack.sp) - stack.size - kStackGuardBytes, kStackGuardBytes + stack.size);
  }

 private:
  static size_t WholePages(size_t bytes) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    return (bytes + page - 1) / page * page;
  }

  SanitizedStack* known_;
  size_t bytes_;
};

Fiber::Fiber(FiberHost& host, size_t stack_bytes, void (*body)(void*), void* argument) : host_(host) {
  boost::fibers::fiber(boost::fibers::launch::post, std::allocator_arg, Stack(stack_, stack_bytes),
                       [this, body, argument] { Main(body, argument); })
      .detach();
  context_ = host.scheduler_.TakeNewest();
}

Fiber::~Fiber() {
  ROTA_CHECK(ended_, "a fiber was destroyed before its end");
  DestroyFiberStack(stack_);
}

void Fiber::Resume() {
  LeaveStack(host_.main_stack_, stack_, false);
  host_.scheduler_.SwitchTo(context_);
  EnterStack(host_.main_stack_, stack_);
  // Lets Boost's dispatcher free the stack.
  if (ended_) boost::this_fiber::yield();
}

void Fiber::Suspend() {
  const ExceptionState mine = ExceptionState::Exchange({});
  LeaveStack(stack_, host_.main_stack_, false);
  host_.scheduler_.SwitchTo(host_.main_);
  EnterStack(stack_, host_.main_stack_);
  ExceptionState::Exchange(mine);
}

void Fiber::Main(void (*body)(void*), void* argument) {
  EnterStack(stack_, host_.main_stack_);
  body(argument);
  ended_ = true;
  LeaveStack(stack_, host_.main_stack_, true);
  host_.scheduler_.EndInto(host_.main_);
}

}  // namespace rota::internal
