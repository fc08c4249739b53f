#ifndef ROTA_TESTS_BENCHMARKS_RPC_SWITCHED_CALL_H_
#define ROTA_TESTS_BENCHMARKS_RPC_SWITCHED_CALL_H_

#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "framework/actor/actor_system.h"
#include "framework/actor/task.h"
#include "framework/actor/task_run.h"
#include "framework/actor/turn.h"
#include "framework/base/block_pool.h"
#include "framework/base/ref.h"
#include "framework/context/cancellation.h"
#include "framework/context/request_context.h"
#include "framework/loop/context_slot.h"
#include "framework/rpc/call_context.h"
#include "framework/rpc/codec.h"
#include "framework/rpc/message_stream.h"
#include "framework/rpc/server_call.h"
#include "tests/benchmarks/rpc/benchmark_service.h"
#include "tests/benchmarks/rpc/feature_stack.h"

namespace benchmarks {

// What stands in for that which a call goes without.
struct SharedByCalls {
  rota::Ref<rota::RequestContext> context;
  rota::MethodStats stats;
  // Not in any system, so it has no mailbox.
  BenchmarkService& actor;
};

// The answer to a SimpleRequest with nothing but a payload: field 3 of that is field 1 of a SimpleResponse.
inline rota::Payload AnswerOfSameBytes(rota::Payload request) {
  if (request.size() > 0 && request.data()[0] == 0x1a) request.data()[0] = 0x0a;
  return request;
}

// A T where it is needed; `place` makes the types of several that are not differ, so that none of them takes room.
template <int place>
struct Nothing {};
template <bool needed, typename T, int place>
using If = std::conditional_t<needed, T, Nothing<place>>;

// One unary call: rota::ServerCall (framework/rpc/server_call.h) written again, step by step, with a switch at each feature. It
// must do what that does, in the same order; see there for the reasons.
// Thread: loop.
// Owner:  the transport until OnDone() and the handler until it has ended, whichever is later.
template <Features kOn>
class SwitchedCall final : public rota::RefCounted, public rota::Pooled, public rota::CallSink, private rota::CancelNode {
 public:
  SwitchedCall(const rota::CallParts& parts, SharedByCalls& shared)
      : method_(parts.method),
        system_(parts.system),
        kind_(parts.kind),
        shared_(shared),
        stats_(kOn.metrics ? parts.stats : shared.stats),
        context_(kOn.context ? rota::MakeCallContext(system_.loop(), system_.workers(), parts.call.start(), method_.full_name) : shared.context),
        started_(kOn.metrics ? StartOf(parts.call.start()) : rota::TimePoint()),
        call_(&parts.call),
        stream_(method_, parts.call, *context_, stats_) {}

  void Begin() {
    if constexpr (kOn.metrics) stats_.OnStarted();
    if constexpr (kOn.context) context_->Subscribe(*this);
    if (call_ != nullptr) call_->AddReadCredit(2);
  }

  void OnMessage(rota::Payload message) override {
    if (call_ == nullptr) return;
    if constexpr (kOn.metrics) ++stats_.messages_received;
    if constexpr (kOn.context) context_->set_request_compressed(message.compressed());
    if (std::exchange(has_request_, true)) return Finish(rota::UnimplementedError("more than one request"));
    if constexpr (kOn.protobuf) {
      if (rota::Status status = Decode(method_, message, request_); !status.ok()) Finish(status);
    } else {
      bytes_ = std::move(message);
    }
  }

  void OnHalfClose() override {
    if (call_ == nullptr) return;
    if (!has_request_) return Finish(rota::UnimplementedError("no request"));
    if constexpr (kOn.mailbox) {
      std::unique_ptr<rota::Turn> turn(::new (static_cast<void*>(turn_)) CallTurn(*this));
      if (rota::Status status = system_.TrySend(kind_, "", turn); !status.ok()) Finish(status);
    } else {
      const rota::ContextScope scope(kOn.context ? context_.get() : nullptr);
      // Kept by hand: a closure of a bare pointer moves as cheaply as the one of the product.
      Acquire();
      run_.Start(Handle(shared_.actor, *context_), [this](const rota::Status& status, std::exception_ptr) {
        const rota::Ref<SwitchedCall> self = rota::Ref<SwitchedCall>::Adopt(this);
        Finish(status);
      });
    }
  }

  void OnWritable() override { stream_.OnWritable(); }

  void OnDone(const rota::Status& status) override {
    const rota::Ref<SwitchedCall> self = rota::Ref<SwitchedCall>::Adopt(this);
    if (call_ == nullptr) return;
    const rota::Status reason = status.ok() ? rota::CancelledError("the call ended before its handler") : status;
    Close(reason.code());
    if constexpr (kOn.context) context_->Cancel(reason);
  }

 private:
  class CallTurn final : public rota::Turn {
   public:
    explicit CallTurn(SwitchedCall& call) : Turn(call.context_), call_(&call), slot_(call.call_->start().slot) {}
    rota::Task<void> Run(rota::Actor& actor, rota::RequestContext& context) override { return call_->Handle(actor, context); }
    void Done(const rota::Status& status) override {
      slot_ = nullptr;
      call_->Finish(status);
    }
    static void operator delete(CallTurn* turn, std::destroying_delete_t) {
      const rota::Ref<SwitchedCall> call = std::move(turn->call_);
      turn->~CallTurn();
    }

   private:
    rota::Ref<SwitchedCall> call_;
    rota::Ref<rota::RefCounted> slot_;
  };

  rota::Task<void> Handle(rota::Actor& actor, rota::RequestContext& context) {
    if constexpr (kOn.protobuf) {
      return HandleTyped(static_cast<BenchmarkService&>(actor), context);
    } else {
      stream_.Write(AnswerOfSameBytes(std::move(bytes_)));
      return rota::OkStatus();
    }
  }
  rota::Task<void> HandleTyped(BenchmarkService& actor, rota::RequestContext& context) {
    rota::Task<SimpleResponse> task = actor.UnaryCall(context, request_);
    co_await Send(co_await rota::internal::Refer(task));
  }
  rota::Status Send(const SimpleResponse& answer) {
    rota::StatusOr<rota::Payload> encoded = Encode(method_, answer);
    if (!encoded.ok()) return std::move(encoded).status();
    stream_.Write(*std::move(encoded));
    return rota::OkStatus();
  }

  void OnCancelled(const rota::Status& status) override { Finish(status); }
  void Finish(const rota::Status& status) {
    if (call_ == nullptr) return;
    rota::Call& call = *call_;
    stream_.SendHeaders();
    Close(status.code());
    call.Finish(status, context_->response_trailers());
  }
  rota::TimePoint StartOf(const rota::CallStart& start) const {
    return start.arrived == rota::TimePoint() ? system_.loop().Now() : start.arrived;
  }
  void Close(rota::StatusCode code) {
    call_ = nullptr;
    stream_.Close();
    if constexpr (kOn.metrics) stats_.OnHandled(code, system_.loop().Now() - started_);
  }

  // Constant after construction.
  const rota::MethodInfo& method_;
  rota::ActorSystem& system_;
  rota::ActorKind& kind_;
  SharedByCalls& shared_;
  rota::MethodStats& stats_;
  const rota::Ref<rota::RequestContext> context_;
  const rota::TimePoint started_;

  rota::Call* call_;  // null once the call has its status
  rota::MessageStream stream_;
  bool has_request_ = false;
  [[no_unique_address]] If<kOn.protobuf, SimpleRequest, 0> request_;
  [[no_unique_address]] If<!kOn.protobuf, rota::Payload, 1> bytes_;
  [[no_unique_address]] If<!kOn.mailbox, rota::TaskRun<void>, 2> run_;
  alignas(CallTurn) std::byte turn_[sizeof(CallTurn)];
};

}  // namespace benchmarks

#endif  // ROTA_TESTS_BENCHMARKS_RPC_SWITCHED_CALL_H_
