#ifndef ROTA_TRANSPORT_NATIVE_SESSION_MEMORY_H_
#define ROTA_TRANSPORT_NATIVE_SESSION_MEMORY_H_

#include <nghttp2/nghttp2.h>

namespace rota::native {

// The memory of all sessions of nghttp2, which makes and drops about eight objects for each call: from the pool of blocks.
// Thread: loop. Constant.
nghttp2_mem* SessionMemory();

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_SESSION_MEMORY_H_
