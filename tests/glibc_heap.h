#ifndef ROTA_TESTS_GLIBC_HEAP_H_
#define ROTA_TESTS_GLIBC_HEAP_H_

namespace rota {

// Whether memory comes from the heap of glibc. The thread and the address sanitizer bring heaps of their own, which mallinfo2() does
// not count, which keep what is freed, and which end the program where that one throws.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ROTA_HEAP_OF_A_SANITIZER 1
#endif
#endif
#ifdef ROTA_HEAP_OF_A_SANITIZER
inline constexpr bool kGlibcHeap = false;
#undef ROTA_HEAP_OF_A_SANITIZER
#else
inline constexpr bool kGlibcHeap = true;
#endif

}  // namespace rota

#endif  // ROTA_TESTS_GLIBC_HEAP_H_
