#ifndef ROTA_BASE_PAUSE_H_
#define ROTA_BASE_PAUSE_H_

namespace rota {

// Between two looks at what another thread will change: leaves the core to its other thread for some tens of cycles.
inline void PauseProcessor() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace rota

#endif  // ROTA_BASE_PAUSE_H_
