#ifndef ROTA_BASE_SANITIZERS_H_
#define ROTA_BASE_SANITIZERS_H_

namespace rota {

// Whether the program is built under a sanitizer that brings a heap of its own.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROTA_ADDRESS_SANITIZER 1
#endif
#if __has_feature(thread_sanitizer)
#define ROTA_THREAD_SANITIZER 1
#endif
#endif
#ifdef ROTA_ADDRESS_SANITIZER
inline constexpr bool kAddressSanitizer = true;
#undef ROTA_ADDRESS_SANITIZER
#else
inline constexpr bool kAddressSanitizer = false;
#endif
#ifdef ROTA_THREAD_SANITIZER
inline constexpr bool kThreadSanitizer = true;
#undef ROTA_THREAD_SANITIZER
#else
inline constexpr bool kThreadSanitizer = false;
#endif

}  // namespace rota

#endif  // ROTA_BASE_SANITIZERS_H_
