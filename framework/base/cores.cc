#include "framework/base/cores.h"

#include <sched.h>

#include <algorithm>
#include <thread>

namespace rota {

size_t UsableCores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  // It fails on machines with more cores than the set has room for.
  if (sched_getaffinity(0, sizeof(cores), &cores) == 0) return static_cast<size_t>(std::max(1, CPU_COUNT(&cores)));
  return std::max<size_t>(1, std::thread::hardware_concurrency());
}

}  // namespace rota
