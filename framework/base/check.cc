#include "framework/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace rota::internal {

void CheckFailed(const char* file, int line, const char* condition, std::string_view what) {
  std::fprintf(stderr, "level=fatal event=check_failed where=%s:%d condition=\"%s\" what=\"%.*s\"\n", file, line,
               condition, static_cast<int>(what.size()), what.data());
  std::fflush(stderr);
  std::abort();
}

}  // namespace rota::internal
