#ifndef ROTA_RPC_MESSAGE_STREAM_H_
#define ROTA_RPC_MESSAGE_STREAM_H_

#include <cstdint>

#include "framework/base/ring_queue.h"
#include "framework/context/request_context.h"
#include "framework/rpc/method_table.h"
#include "framework/rpc/payload.h"
#include "framework/rpc/rpc_stats.h"
#include "framework/rpc/transport.h"

namespace rota {

// The encoded messages of one call, in both directions, between its transport and the Reader and Writer of its handler.
// Bounded on both sides: the peer may be at most kWindow messages ahead of the handler, and a handler waits while the
// transport is full.
// Thread: loop.
// Owner:  the ServerCall. Outlives the handler.
class MessageStream {
 public:
  static constexpr uint32_t kWindow = 8;

  // A coroutine that waits for one direction. It is called once, and forgotten before.
  class Listener {
   public:
    virtual void OnReady() = 0;

   protected:
    ~Listener() = default;
  };

  MessageStream(const MethodInfo& method, Call& call, RequestContext& context, MethodStats& stats)
      : method_(method), context_(context), call_(&call), stats_(stats) {}
  MessageStream(const MessageStream&) = delete;
  MessageStream& operator=(const MessageStream&) = delete;

  const MethodInfo& method() const { return method_; }
  RequestContext& context() const { return context_; }

  // ---- For the Reader.

  // There is a message, or there will be none any more.
  bool readable() const { return !received_.empty() || half_closed_; }
  bool at_end() const { return received_.empty() && half_closed_; }
  // The oldest message, which must be there. Lets the peer send more.
  Payload Take();
  void WaitToRead(Listener& listener);
  void StopReading(Listener& listener);

  // ---- For the Writer and the ServerCall.

  // Sends the response headers, if that has not been done, then `message`. False: there is no room for another one; see
  // WaitToWrite(). After Close() it drops the message.
  bool Write(Payload message);
  void WaitToWrite(Listener& listener);
  void StopWriting(Listener& listener);

  // ---- For the ServerCall.

  void Open() { call_->AddReadCredit(kWindow); }
  void OnMessage(Payload message);
  void OnHalfClose();
  void OnWritable();
  // Sends the response headers if there are any and they are still due.
  void SendHeaders();
  // The call has its status: what is still written is dropped, and nothing more is read.
  void Close() { call_ = nullptr; }

 private:
  void Wake(Listener*& listener);

  // Constant after construction.
  const MethodInfo& method_;
  RequestContext& context_;

  Call* call_;  // null once the stream is closed
  MethodStats& stats_;  // only while there is a call
  RingQueue<Payload> received_;
  Listener* reader_ = nullptr;
  Listener* writer_ = nullptr;
  uint32_t taken_ = 0;  // since the peer got credit
  bool half_closed_ = false;
  bool headers_sent_ = false;
};

}  // namespace rota

#endif  // ROTA_RPC_MESSAGE_STREAM_H_
