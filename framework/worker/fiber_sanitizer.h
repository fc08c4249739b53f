#ifndef ROTA_WORKER_FIBER_SANITIZER_H_
#define ROTA_WORKER_FIBER_SANITIZER_H_

#include <cstddef>

namespace rota::internal {

// What the sanitizers must be told about a stack, as they cannot see switches between stacks. Without a sanitizer all of
// this does nothing.
// Thread: that of the stack.
struct SanitizedStack {
  // Bounds, for AddressSanitizer; of a thread's own stack they are learned on arrival at a fiber.
  const void* bottom = nullptr;
  size_t size = 0;
  // AddressSanitizer's frames for the detection of use after return.
  void* fake_frames = nullptr;
  // ThreadSanitizer's fiber: its shadow stack and clock.
  void* shadow = nullptr;
};

// The running thread's own stack, or a new fiber's.
void AdoptThreadStack(SanitizedStack& stack);
void CreateFiberStack(SanitizedStack& stack, const void* bottom, size_t size);
void DestroyFiberStack(SanitizedStack& stack);

// Just before the switch from `from` to `to`; `for_good`: from is never entered again.
void LeaveStack(SanitizedStack& from, const SanitizedStack& to, bool for_good);
// Just after the switch to `self` from `previous`.
void EnterStack(SanitizedStack& self, SanitizedStack& previous);

}  // namespace rota::internal

#endif  // ROTA_WORKER_FIBER_SANITIZER_H_
