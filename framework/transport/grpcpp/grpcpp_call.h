#ifndef ROTA_TRANSPORT_GRPCPP_GRPCPP_CALL_H_
#define ROTA_TRANSPORT_GRPCPP_GRPCPP_CALL_H_

#include <grpc/grpc.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/impl/codegen/completion_queue_tag.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "framework/base/ref.h"
#include "framework/base/ring_queue.h"
#include "framework/base/status.h"
#include "framework/base/status_or.h"
#include "framework/loop/event_loop.h"
#include "framework/rpc/payload.h"
#include "framework/rpc/transport.h"
#include "framework/transport/coding/coding_queue.h"
#include "framework/transport/coding/coding_turn.h"
#include "framework/transport/coding/compression.h"
#include "framework/transport/grpcpp/bridge.h"
#include "framework/transport/grpcpp/calls_by_peer.h"
#include "framework/transport/grpcpp/completions.h"

namespace rota::grpcpp {

class GrpcppCall;

// What a call needs of its server.
class CallHost {
 public:
  CallHost(EventLoop& loop, const ServerOptions& options) : loop(loop), options(options) {}

  // A call has come, from `address`, and waits for its turn. Whose it is.
  virtual Ref<CallsByPeer::Peer> OnArrival(const std::string& address) = 0;
  // The turn of one that had come.
  virtual void OnTurn() = 0;
  // `call` has begun, in its turn: Accept() it, or Refuse() it, which it wants where `fault` is not OK.
  virtual void OnBegin(GrpcppCall& call, const Status& fault) = 0;
  // `call` is over for gRPC, or never began. It hears nothing of the host after this.
  virtual void OnEnd(GrpcppCall& call) = 0;
  // `call`, which waited in coding_queue, is to be told to DeliverHeld(), in a callback of the loop.
  virtual void OnUnpacked(GrpcppCall& call) = 0;

  EventLoop& loop;
  const ServerOptions options;
  TransportStats stats;
  // From Listen() until no call is left.
  std::shared_ptr<Bridge> bridge;  // Shared: see bridge.h.
  // Of the messages that are compressed: what is much work waits here, and what is little is taken from its room.
  coding::CodingQueue coding_queue{loop};
  coding::PackingStates packing_states;
  // Running calls are being cancelled by the server.
  bool cancelling = false;

 protected:
  ~CallHost() = default;
};

// One RPC on gRPC's generic streaming interface: at most one operation outstanding in each direction, and one that tells
// of the end.
// Thread: loop.
// Owner:  itself, from Request() until every operation came back; scheduled callbacks may hold a finished one longer.
class GrpcppCall final : public Call, public RefCounted {
 public:
  explicit GrpcppCall(CallHost& host) : host_(&host), options_(host.options) {}

  // Waits for the next call that a peer opens.
  void Request(grpc::AsyncGenericService& service);
  // From CallHost::OnBegin().
  void Accept(CallAcceptor& acceptor);
  void Refuse(const Status& status);
  bool accepted() const { return accepted_; }
  // It is over, and not by the status of Finish().
  bool cancelled() const { return cancelled_; }
  // Null: it never came.
  const Ref<CallsByPeer::Peer>& peer() const { return peer_; }
  // Gives the sink the message that is held for it, if it wants it; that may have to be unpacked before.
  void DeliverHeld();

  CallStart& start() override { return start_; }
  void AddReadCredit(uint32_t messages) override;
  void AllowCompression() override;
  void SendHeaders(const Metadata& headers) override;
  bool Write(Payload message) override;
  void Finish(Status status, const Metadata& trailers) override;

 private:
  // The tag of one kind of operation.
  template <void (GrpcppCall::*handle)(bool ok)>
  class CallTag final : public Tag {
   public:
    explicit CallTag(GrpcppCall& call) : call_(call) {}
    Completions::Peer* Arrive(bool ok) override {
      if constexpr (handle == &GrpcppCall::OnRequested) call_.OnArrival(ok);
      if constexpr (handle == &GrpcppCall::OnOver) call_.over_arrived_ = true;
      return call_.completions();
    }
    void Complete(bool ok) override { call_.Complete<handle>(ok); }

   private:
    GrpcppCall& call_;
  };

  // The tag of a read, which is an operation of gRPC's core: Read() of its C++ classes reports a message that gRPC cuts off
  // just like the end of the messages, while the core says that the operation failed.
  class ReadTag final : public Tag, public grpc::internal::CompletionQueueTag {
   public:
    explicit ReadTag(GrpcppCall& call) : call_(call) {}
    bool FinalizeResult(void** tag, bool*) override {
      *tag = pointer();
      return true;
    }
    Completions::Peer* Arrive(bool) override { return call_.completions(); }
    void Complete(bool ok) override { call_.Complete<&GrpcppCall::OnRead>(ok); }
    void* core_pointer() { return static_cast<grpc::internal::CompletionQueueTag*>(this); }

   private:
    GrpcppCall& call_;
  };

  template <void (GrpcppCall::*handle)(bool ok)>
  void Complete(bool ok) {
    const Ref<GrpcppCall> keep(this);
    --outstanding_;
    (this->*handle)(ok);
    EndIfDone();
  }

  // gRPC's side of the call.
  struct Rpc {
    ~Rpc() { DropIncoming(); }
    void DropIncoming() { grpc_byte_buffer_destroy(std::exchange(incoming, nullptr)); }

    grpc::GenericServerContext context;
    grpc::GenericServerAsyncReaderWriter stream{&context};
    grpc_byte_buffer* incoming = nullptr;
  };

  Completions::Peer* completions() const { return peer_ != nullptr ? &peer_->completions : nullptr; }
  void OnArrival(bool ok);
  void OnRequested(bool ok);
  void OnOver(bool ok);
  void OnRead(bool ok);
  void OnHeadersSent(bool ok);
  void OnWritten(bool ok);
  void OnFinished(bool ok);

  void StartRead();
  void TakeMessage();
  // Of the message that is held: that it can be delivered now. If not it will be, once it has been unpacked.
  bool IsUnpacked();
  void EndUnpacking(StatusOr<Payload> plain);
  // The end of `unpacking_`.
  void OnUnpacked(StatusOr<Payload> plain);
  // The sink hears no more messages.
  void DropHeld();
  void Deliver(Payload message);
  void Fail(Status status);
  void ScheduleFlush();
  void Flush();
  // Of the first message that waits to be sent: that it can be sent now. If not it will be, once it has been packed.
  bool IsPacked();
  // The end of `packing_`.
  void OnPacked(std::optional<Payload> packed);
  void DropPacked();
  void SendMessage();
  void SendStatus();
  void EndIfDone();
  Status Outcome() const;
  bool PastDeadline() const;
  // Whether the sink may still hear of messages and room.
  bool open() const { return sink_ != nullptr && !over_ && !status_; }

  using UnpackingTurn = coding::CodingTurn<coding::Unpacking, GrpcppCall, &GrpcppCall::OnUnpacked>;
  using PackingTurn = coding::CodingTurn<coding::Packing, GrpcppCall, &GrpcppCall::OnPacked>;

  // Null once the call is over for gRPC.
  CallHost* host_;
  const ServerOptions& options_;
  std::unique_ptr<Rpc> rpc_ = std::make_unique<Rpc>();
  Ref<GrpcppCall> self_;
  CallTag<&GrpcppCall::OnRequested> requested_{*this};
  CallTag<&GrpcppCall::OnOver> over_tag_{*this};
  ReadTag read_{*this};
  CallTag<&GrpcppCall::OnHeadersSent> headers_sent_{*this};
  CallTag<&GrpcppCall::OnWritten> written_{*this};
  CallTag<&GrpcppCall::OnFinished> finished_{*this};
  int outstanding_ = 0;

  CallStart start_;
  Ref<CallsByPeer::Peer> peer_;  // Null before it has come.
  CallSink* sink_ = nullptr;
  bool accepted_ = false;
  bool over_arrived_ = false;  // That it is over_ waits for its turn.
  bool over_ = false;       // gRPC says that nothing more can happen.
  bool cancelled_ = false;  // It ended otherwise than by the status of Finish().

  uint64_t credit_ = 0;
  // A message that was read and is not delivered yet, for want of credit or because it is to be unpacked first.
  std::optional<Payload> held_;
  bool held_is_packed_ = false;
  bool held_scheduled_ = false;
  std::unique_ptr<UnpackingTurn> unpacking_;

  RingQueue<Payload> queue_;
  // Of the first message in it.
  std::unique_ptr<PackingTurn> packing_;
  std::optional<Payload> packed_;  // Nothing where that would be no shorter.
  bool front_is_packed_ = false;
  size_t buffered_bytes_ = 0;  // In queue_ and under way.
  size_t sending_bytes_ = 0;
  bool sending_ = false;
  bool broken_ = false;  // A send has failed.
  bool headers_out_ = false;  // gRPC has sent them
  bool full_ = false;    // Write() has returned false and OnWritable() has not followed.
  bool flush_scheduled_ = false;
  bool headers_wait_ = false;
  bool compression_allowed_ = false;
  bool packs_ = false;  // And not gRPC.
  std::optional<Status> status_;  // What Finish() sends.
  bool status_started_ = false;
  bool status_sent_ = false;
  Status fault_;  // What the transport itself ended the call with.
};

}  // namespace rota::grpcpp

#endif  // ROTA_TRANSPORT_GRPCPP_GRPCPP_CALL_H_
