#ifndef ROTA_TRANSPORT_NATIVE_NATIVE_CALL_H_
#define ROTA_TRANSPORT_NATIVE_NATIVE_CALL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/base/status_or.h"
#include "framework/rpc/call_slot.h"
#include "framework/rpc/payload.h"
#include "framework/rpc/transport.h"
#include "framework/transport/coding/coding_queue.h"
#include "framework/transport/coding/coding_turn.h"
#include "framework/transport/coding/compression.h"
#include "framework/transport/native/host.h"
#include "framework/transport/native/message_framer.h"
#include "framework/transport/native/message_queue.h"
#include "framework/transport/native/request_headers.h"
#include "framework/transport/native/response.h"

namespace rota::native {

class CallPool;

// What a call needs of the HTTP/2 session that carries it.
class CallWire {
 public:
  // The response of `call` has something new.
  virtual void QueueSubmit(NativeCall& call) = 0;
  // The peer may send `bytes` more in the stream of `call`.
  virtual void GiveCredit(NativeCall& call, size_t bytes) = 0;
  // `bytes` that have come are not held for a call any more.
  virtual void LetGo(size_t bytes) = 0;
  // Ends the stream of `call` at once.
  virtual void ResetStream(NativeCall& call, uint32_t error_code) = 0;
  // Keeps memory that may be about to be written.
  virtual void Keep(Payload message) = 0;
  // Of the calls that have begun.
  virtual const Ref<CallCount>& running() const = 0;
  // Of the messages that wait to be unpacked or packed.
  virtual coding::CodingQueue::Peer& coding_peer() = 0;

 protected:
  ~CallWire() = default;
};

// One RPC on one stream of HTTP/2. What nghttp2 tells is only noted; Deliver() tells the sink.
// Thread: loop.
// Owner:  its session, until the stream is closed, and whoever has queued it.
class NativeCall final : public Call, public RefCounted {
 public:
  NativeCall();
  // Goes back to its pool.
  static void operator delete(NativeCall* call, std::destroying_delete_t);

  // ---- From the session, in callbacks of nghttp2.

  void Open(Host& host, CallWire& wire, int32_t stream_id, const std::string& peer);
  // The next four return false where the request is malformed, and its stream is to be reset.
  bool OnField(const RequestField& field) { return headers_.Add(field, start_); }
  bool has_too_many_fields() const { return headers_.too_long(); }
  bool OnHeadersEnd(bool remote_end);
  bool OnBytes(std::span<const uint8_t> bytes);
  bool OnRemoteEnd();
  // The stream is over. Nothing follows.
  void OnClosed();

  // The server ends it: the peer gets `why`, and what it has not taken of the messages is dropped. Where `why` can not be said any
  // more, because part of a message is out, the stream is reset with CANCEL. An answer that is complete is left to go out.
  void Cancel(const Status& why);

  // ---- From the host.

  // Tells the sink what has come.
  void Deliver();

  // ---- For the session.

  int32_t stream_id() const { return stream_id_; }
  Response& response() { return response_; }
  void OnRoom();  // nghttp2 has taken messages
  bool remote_ended() const { return remote_ended_; }
  bool refused() const { return refused_; }
  bool closed() const { return wire_ == nullptr; }
  size_t index = 0;              // In the list of the session.
  bool submit_queued = false;    // In the list of those with something to send.
  bool delivery_queued = false;  // In the list of the host.

  // ---- Call.

  CallStart& start() override { return start_; }
  void AddReadCredit(uint32_t messages) override;
  void AllowCompression() override;
  void SendHeaders(const Metadata& headers) override;
  bool Write(Payload message) override;
  void Finish(Status status, const Metadata& trailers) override;

 private:
  friend class CallPool;
  ~NativeCall() override;
  void Clear();

  bool Begin();
  void DeliverEvents();
  void TakeMessage(MessageFramer::Message message);
  void Fault(Status status);
  void Refuse(Status status);
  void GiveCredit();
  // The sink takes the message that comes in. Not while one waits to be unpacked: what a peer sends meanwhile is held against it.
  bool IsWanted() const { return credit_ > received_.size() && unpacking_ == nullptr; }
  // Of the bytes that are held; at most all.
  void LetGo(size_t bytes);
  // Of the first message: that it can be delivered now. If not it will be, once it has been unpacked.
  bool IsUnpacked();
  void EndUnpacking(StatusOr<Payload> plain);
  // The end of `unpacking_`.
  void OnUnpacked(StatusOr<Payload> plain);
  // Sends a message that is `packed`, unless that is no shorter.
  void SendPacked(Payload message, std::optional<Payload> packed);
  // Begins to pack the first message that waits.
  void QueuePacking();
  // It is packed: sends it, and what has waited for it.
  void OnPacked(std::optional<Payload> packed);
  Payload PopWaiting();
  // What the sink has written and the peer has not got yet.
  size_t unsent_bytes() const { return response_.buffered_bytes() + (waiting_ != nullptr ? waiting_->bytes : 0); }
  void DropMessages();
  bool IsPastDeadline() const;
  Status PastDeadlineError() const;
  Status Outcome() const;
  // The call has its status, which may have to wait for messages.
  bool is_finished() const { return response_.has_status() || (waiting_ != nullptr && waiting_->finish.has_value()); }
  // Whether the sink may still hear of messages and room.
  bool Hears() const { return sink_ != nullptr && wire_ != nullptr && !is_finished(); }

  using UnpackingTurn = coding::CodingTurn<coding::Unpacking, NativeCall, &NativeCall::OnUnpacked>;
  using PackingTurn = coding::CodingTurn<coding::Packing, NativeCall, &NativeCall::OnPacked>;

  // A message that is being packed and what is to be sent behind it, which few calls have.
  struct Waiting {
    // The first is being packed.
    MessageQueue messages;
    size_t bytes = 0;
    std::optional<PackingTurn> packing;
    // What follows those.
    std::optional<std::pair<Status, Metadata>> finish;
  };

  Ref<CallPool> pool_;
  Host* host_ = nullptr;
  CallWire* wire_ = nullptr;  // Null before Open() and once the stream is closed.
  CallSink* sink_ = nullptr;
  int32_t stream_id_ = 0;
  CallStart start_;
  RequestHeaders headers_;
  MessageFramer framer_;
  MessageQueue received_;
  Response response_;
  // Of the first message that has come. Null while none waits to be unpacked.
  std::unique_ptr<UnpackingTurn> unpacking_;
  std::unique_ptr<Waiting> waiting_;  // Null while there is nothing in it.
  uint64_t credit_ = 0;     // In messages, from the sink.
  size_t unreturned_ = 0;   // Bytes that the peer got no credit for yet.
  size_t held_ = 0;         // Bytes that have come and that the sink does not want yet.
  Status fault_;            // What the transport itself ends the call with.
  bool begun_ = false;
  bool refused_ = false;
  bool delivering_ = false;
  bool remote_ended_ = false;
  bool half_close_told_ = false;
  bool front_unpacked_ = false;
  bool full_ = false;       // Write() has returned false and OnWritable() has not followed.
  bool writable_due_ = false;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_NATIVE_CALL_H_
