#include "framework/rpc/dispatcher.h"

#include "framework/base/ref.h"
#include "framework/rpc/server_call.h"

namespace rota {
namespace {

// Hears of a call that was refused, for which there is nothing more to do.
class RefusedCall final : public CallSink {
 public:
  void OnMessage(Payload) override {}
  void OnHalfClose() override {}
  void OnWritable() override {}
  void OnDone(const Status&) override { delete this; }
};

}  // namespace

CallSink* Dispatcher::OnCall(Call& call) {
  RegisteredMethod* const method = registry_.Find(call.start().path);
  if (method == nullptr) return Refuse(call);
  Ref<ServerCall> started(method->info->make_call(CallParts{*method->info, call, system_, *method->kind, method->stats}));
  started->Begin();
  // OnDone() takes this reference back.
  return started.Detach();
}

CallSink* Dispatcher::Refuse(Call& call) {
  const Status status = registry_.WhyNotFound(call.start().path);
  registry_.unknown().OnStarted();
  registry_.unknown().OnHandled(status.code(), Duration::zero());
  call.Finish(status, Metadata());
  return new RefusedCall();
}

}  // namespace rota
