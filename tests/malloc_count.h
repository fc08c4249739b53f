#ifndef ROTA_TESTS_MALLOC_COUNT_H_
#define ROTA_TESTS_MALLOC_COUNT_H_

#include <cstdint>

#include "framework/base/sanitizers.h"

namespace rota {

// Whether MallocCount() counts: sanitizers bring a malloc() of their own, which is not to be replaced.
inline constexpr bool kMallocCounted = !kAddressSanitizer && !kThreadSanitizer;

// How often the calling thread has asked the heap for memory: malloc(), calloc(), realloc() and those with an alignment, of which a
// program that links this has its own, in front of those of glibc. By operator new as well, and in whatever library.
uint64_t MallocCount();

}  // namespace rota

#endif  // ROTA_TESTS_MALLOC_COUNT_H_
