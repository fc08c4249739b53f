#ifndef ROTA_RPC_SERVER_CALL_H_
#define ROTA_RPC_SERVER_CALL_H_

#include <cstddef>
#include <memory>
#include <new>
#include <string_view>

#include "framework/actor/actor_system.h"
#include "framework/actor/task.h"
#include "framework/actor/turn.h"
#include "framework/base/block_pool.h"
#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/context/cancellation.h"
#include "framework/context/request_context.h"
#include "framework/rpc/message_stream.h"
#include "framework/rpc/method_table.h"
#include "framework/rpc/rpc_stats.h"
#include "framework/rpc/transport.h"
#include "google/protobuf/message_lite.h"

namespace rota {

// What a call is made of. The parts outlive it, but for `call`, which ends with OnDone(), and `stats`, which are not touched
// after that.
struct CallParts {
  const MethodInfo& method;
  Call& call;
  ActorSystem& system;
  ActorKind& kind;
  MethodStats& stats;
};

// One call of a known method, from its first byte to the end of its handler:
//
//     Begin -> OnMessage -> OnHalfClose -> SendTurn -> Handle -> OnHandled -> Finish -> OnDone
//
// A call of one request goes to its actor once the request is complete; a call that streams requests goes there at once
// or, where the actor has a key, with its first message. The peer gets the status as soon as the request is cancelled or
// its deadline has passed, while the handler unwinds.
// Thread: loop.
// Owner:  the transport until OnDone() and the turn until it is destroyed, whichever is later: the request and the context
//         live as long as the handler.
class ServerCall : public RefCounted, public Pooled, public CallSink, private CancelNode {
 public:
  explicit ServerCall(const CallParts& parts);

  // Lets the peer send, or ends the call at once if its deadline has passed. Called once.
  void Begin();

  void OnMessage(Payload message) final;
  void OnHalfClose() final;
  void OnWritable() final { stream_.OnWritable(); }
  void OnDone(const Status& status) final;

 protected:
  ~ServerCall() override = default;

  // Decodes the request, or the first one of a stream with a key.
  virtual Status TakeRequest(const Payload& message) = 0;
  // The key in what TakeRequest() took.
  virtual std::string_view Key() const = 0;
  // Calls the method of the actor and sends its answer.
  virtual Task<void> Handle(Actor& actor, RequestContext& context) = 0;

  MessageStream& stream() { return stream_; }
  // Sends the one answer of a call.
  Status Send(const google::protobuf::MessageLite& answer);
  // The handler threw. The peer learns no more than that.
  void NoteException() { threw_ = true; }

 private:
  // Lies inside of its call, which it keeps alive: deleting it frees no memory but lets go of the call.
  class CallTurn final : public Turn {
   public:
    explicit CallTurn(ServerCall& call) : Turn(call.context_), call_(&call), slot_(call.call_->start().slot) {}
    Task<void> Run(Actor& actor, RequestContext& context) override { return call_->Handle(actor, context); }
    void Done(const Status& status) override {
      // Before the peer can hear of it, and fill its place.
      slot_ = nullptr;
      call_->OnHandled(status);
    }
    static void operator delete(CallTurn* turn, std::destroying_delete_t) {
      const Ref<ServerCall> call = std::move(turn->call_);
      turn->~CallTurn();
    }

   private:
    Ref<ServerCall> call_;
    Ref<RefCounted> slot_;  // As long as the handler runs.
  };

  // Takes the one request of a call.
  Status TakeOnly(const Payload& message);
  // Takes the first message of a stream, which has the key.
  void TakeFirst(const Payload& message);
  void SendTurn(std::string_view key);
  void OnHandled(const Status& status);
  // The context was cancelled, or its deadline has passed.
  void OnCancelled(const Status& status) override { Finish(status); }
  // Ends the call, once; nothing happens when it is over already.
  void Finish(const Status& status);
  void Close(StatusCode code);

  // Constant after construction.
  const MethodInfo& method_;
  ActorSystem& system_;
  ActorKind& kind_;
  MethodStats& stats_;
  const Ref<RequestContext> context_;
  const TimePoint started_;

  Call* call_;  // null once the call has its status
  MessageStream stream_;
  bool has_request_ = false;
  bool threw_ = false;
  alignas(CallTurn) std::byte turn_[sizeof(CallTurn)];
};

}  // namespace rota

#endif  // ROTA_RPC_SERVER_CALL_H_
