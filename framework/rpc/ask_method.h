#ifndef ROTA_RPC_ASK_METHOD_H_
#define ROTA_RPC_ASK_METHOD_H_

#include <string>
#include <utility>

#include "framework/actor/actor_ref.h"
#include "framework/actor/actor_system.h"
#include "framework/actor/task.h"
#include "framework/base/clock.h"
#include "framework/context/request_context.h"
#include "framework/rpc/method_table.h"
#include "framework/rpc/typed_call.h"

namespace rota {

// Calls a unary method of an actor of this process, without a transport: the body of a method of a generated reference.
// Goes to the same actor as a call from outside would.
// Thread: loop. `method` and `system` outlive the task.
// Errors: those of ActorRef::Ask(); INVALID_ARGUMENT for a key that no actor can have.
template <auto handler, auto key, typename Q = typename internal::MethodOf<handler, key>::Request,
          typename R = typename internal::MethodOf<handler, key>::Response>
Task<R> AskMethod(const MethodInfo& method, ActorSystem& system, std::string kind, Q request, Duration timeout) {
  using A = typename internal::MethodOf<handler, key>::Actor;
  if (method.keyed()) co_await CheckKey(method, internal::KeyOf<key>(request));
  const ActorRef<A> actor = system.Get<A>(kind, internal::KeyOf<key>(request));
  co_return co_await actor.Ask([&request](A& to, RequestContext& context) { return (to.*handler)(context, request); }, timeout);
}

}  // namespace rota

#endif  // ROTA_RPC_ASK_METHOD_H_
