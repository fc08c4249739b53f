#ifndef ROTA_BASE_POOLS_H_
#define ROTA_BASE_POOLS_H_

#include "framework/base/sanitizers.h"

// Memory that is used again, and which kind of it is for what:
//
//   BlockPool   (block_pool.h)  blocks of any short size that come and go with a request: frames of coroutines, calls, contexts,
//                               short messages, what nghttp2 takes. `class X : public Pooled` is all that a class needs.
//   SlabPool    (slab_pool.h)   objects of one size of which there may be a million, and which may stay: timers. A slot costs
//                               no more than its size.
//   RingQueue   (ring_queue.h)  what waits in a queue: its elements lie in blocks that the queue keeps.
//   a pool of objects           whose strings and queues are worth keeping as they are, like those of calls of the native
//                               transport (transport/native/call_pool.h).
//
// Whatever is not on the path of a request comes from the heap.

namespace rota {

// Whether pools keep what is given back. Not under AddressSanitizer: there each block goes to the heap at once, where the
// sanitizer holds it back from use for long and tells who freed it. A pool that poisons what it keeps would find less, because
// it hands the same block to the next who asks.
inline constexpr bool kPoolsKeep = !kAddressSanitizer;

}  // namespace rota

#endif  // ROTA_BASE_POOLS_H_
