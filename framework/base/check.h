#ifndef ROTA_BASE_CHECK_H_
#define ROTA_BASE_CHECK_H_

#include <string_view>

namespace rota::internal {

// Prints what failed and where on stderr, then aborts.
// Thread: any. Allocates nothing, so it works when memory is broken.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition, std::string_view what);

}  // namespace rota::internal

// Stops the process when an invariant of the program is broken; `what` is a sentence (string_view) that says which.
// Stays on in every build mode. Bad input from outside is a Status instead.
#define ROTA_CHECK(condition, what)                                                      \
  do {                                                                                   \
    if (!(condition)) [[unlikely]] {                                                     \
      ::rota::internal::CheckFailed(__FILE__, __LINE__, #condition, (what));             \
    }                                                                                    \
  } while (false)

// As ROTA_CHECK, but only where NDEBUG is not set: for checks on the hot path.
#ifdef NDEBUG
#define ROTA_DCHECK(condition, what) \
  do {                               \
  } while (false && (condition))
#else
#define ROTA_DCHECK(condition, what) ROTA_CHECK(condition, what)
#endif

#endif  // ROTA_BASE_CHECK_H_
