#ifndef ROTA_TRANSPORT_NATIVE_SESSION_MEMORY_H_
#define ROTA_TRANSPORT_NATIVE_SESSION_MEMORY_H_

#include <nghttp2/nghttp2.h>

namespace rota::native {

// The pool of blocks (base/block_pool.h) in the form that nghttp2 wants, which takes about eight short blocks for a call. A block
// has eight bytes before it for its size, and is aligned to eight: nghttp2 has nothing that asks for more.
// Thread: any; a session is used by one.
// Errors: null, when there is no memory or `size` is 4 GiB or more.
nghttp2_mem SessionMemory();

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_SESSION_MEMORY_H_
