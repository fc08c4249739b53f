#ifndef ROTA_BASE_CACHE_H_
#define ROTA_BASE_CACHE_H_

#include <cstddef>

namespace rota {

// What two threads write and read again and again is aligned to this, away from what else one of them uses: a line of the cache
// that both want goes to and fro, whichever of its bytes they want. Two lines of 64 bytes, because some processors fetch them by
// pairs ("Intel 64 and IA-32 Architectures Optimization Reference Manual", "spatial prefetcher").
inline constexpr size_t kCacheIsland = 128;

}  // namespace rota

#endif  // ROTA_BASE_CACHE_H_
