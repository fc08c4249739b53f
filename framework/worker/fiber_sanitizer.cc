#include "framework/worker/fiber_sanitizer.h"

#if __has_feature(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#endif
#if __has_feature(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#endif

// A function that changes the shadow stack must not record its own entry and exit there.
#define ROTA_NOT_INSTRUMENTED __attribute__((disable_sanitizer_instrumentation, noinline))

namespace rota::internal {

ROTA_NOT_INSTRUMENTED void AdoptThreadStack([[maybe_unused]] SanitizedStack& stack) {
#if __has_feature(thread_sanitizer)
  stack.shadow = __tsan_get_current_fiber();
#endif
}

ROTA_NOT_INSTRUMENTED void CreateFiberStack(SanitizedStack& stack, const void* bottom, size_t size) {
  stack.bottom = bottom;
  stack.size = size;
#if __has_feature(thread_sanitizer)
  stack.shadow = __tsan_create_fiber(0);
#endif
}

ROTA_NOT_INSTRUMENTED void DestroyFiberStack([[maybe_unused]] SanitizedStack& stack) {
#if __has_feature(thread_sanitizer)
  __tsan_destroy_fiber(stack.shadow);
#endif
}

ROTA_NOT_INSTRUMENTED void LeaveStack([[maybe_unused]] SanitizedStack& from, [[maybe_unused]] const SanitizedStack& to,
                                      [[maybe_unused]] bool for_good) {
#if __has_feature(address_sanitizer)
  __sanitizer_start_switch_fiber(for_good ? nullptr : &from.fake_frames, to.bottom, to.size);
#endif
#if __has_feature(thread_sanitizer)
  __tsan_switch_to_fiber(to.shadow, 0);
#endif
}

ROTA_NOT_INSTRUMENTED void EnterStack([[maybe_unused]] SanitizedStack& self, [[maybe_unused]] SanitizedStack& previous) {
#if __has_feature(address_sanitizer)
  __sanitizer_finish_switch_fiber(self.fake_frames, &previous.bottom, &previous.size);
#endif
}

}  // namespace rota::internal
