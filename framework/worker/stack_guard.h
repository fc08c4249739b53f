#ifndef ROTA_WORKER_STACK_GUARD_H_
#define ROTA_WORKER_STACK_GUARD_H_

#include <cstddef>
#include <memory>

namespace rota::internal {

// Says on stderr which job has run out of its stack, where the kernel alone would say "Segmentation fault": what lies below a
// fiber's stack may not be touched, and a handler of SIGSEGV, on a stack of its own, looks whether it was that. Then, and
// for all other faults, what was to happen before happens.
// Thread: the worker thread that builds it. The handler is the process's: the first guard installs it, and it stays.
// Owner:  the thread's main function.
class StackGuard {
 public:
  StackGuard();
  ~StackGuard();
  StackGuard(const StackGuard&) = delete;
  StackGuard& operator=(const StackGuard&) = delete;

  // From here on this thread runs on the stack that begins at `bottom` with `guard_bytes` below it that may not be touched, for
  // the job `name` (kept, not copied).
  void Enter(const void* bottom, size_t guard_bytes, size_t stack_bytes, const char* name) noexcept;
  void Leave() noexcept;

 private:
  const std::unique_ptr<std::byte[]> signal_stack_;
};

}  // namespace rota::internal

#endif  // ROTA_WORKER_STACK_GUARD_H_
