#ifndef ROTA_RPC_CALL_CONTEXT_H_
#define ROTA_RPC_CALL_CONTEXT_H_

#include <string_view>

#include "framework/base/ref.h"
#include "framework/context/request_context.h"
#include "framework/loop/event_loop.h"
#include "framework/rpc/transport.h"

namespace rota {

class WorkerPool;

// The context of a call that came in over `start`. Its id is the metadata x-request-id, where that is 1 to 128 letters,
// digits or any of "-_.:/+=@", and otherwise a random one; its trace is that of the metadata traceparent, or a new one.
// The metadata of `start` is moved into it. `method` has static storage, as the names of method tables have.
// Thread: loop. `workers` may be null, and outlives the context.
Ref<RequestContext> MakeCallContext(EventLoop& loop, WorkerPool* workers, CallStart& start, std::string_view method);

}  // namespace rota

#endif  // ROTA_RPC_CALL_CONTEXT_H_
