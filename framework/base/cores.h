#ifndef ROTA_BASE_CORES_H_
#define ROTA_BASE_CORES_H_

#include <cstddef>

namespace rota {

// On how many cores the calling thread may run, as taskset(1) or a container's cpuset allow it: at least one. Where it is one,
// nobody who waits for another thread should stay awake.
// Thread: any. A system call.
size_t UsableCores();

}  // namespace rota

#endif  // ROTA_BASE_CORES_H_
