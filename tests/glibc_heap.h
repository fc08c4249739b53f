#ifndef ROTA_TESTS_GLIBC_HEAP_H_
#define ROTA_TESTS_GLIBC_HEAP_H_

#include "framework/base/sanitizers.h"

namespace rota {

// Whether memory comes from the heap of glibc. The thread and the address sanitizer bring heaps of their own, which mallinfo2() does
// not count, which keep what is freed, and which end the program where that one throws.
inline constexpr bool kGlibcHeap = !kAddressSanitizer && !kThreadSanitizer;

}  // namespace rota

#endif  // ROTA_TESTS_GLIBC_HEAP_H_
