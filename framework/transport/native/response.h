#ifndef ROTA_TRANSPORT_NATIVE_RESPONSE_H_
#define ROTA_TRANSPORT_NATIVE_RESPONSE_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "framework/base/status.h"
#include "framework/context/metadata.h"
#include "framework/rpc/payload.h"
#include "framework/rpc/transport.h"
#include "framework/transport/native/fixed_blocks.h"
#include "framework/transport/native/message_queue.h"
#include "framework/transport/native/output.h"

namespace rota::native {

// What one call sends: headers, messages, trailers. Nothing of it goes to nghttp2 before Submit(), which sees what has been
// written by then as a whole: so a status without messages becomes one frame, and messages share frames.
// Thread: loop.
// Owner:  the call.
class Response {
 public:
  // Begins anew. Counts what is sent in `stats`.
  void Reset(TransportStats& stats);

  // ---- For the call, in this order.

  void SetHeaders(const Metadata& headers, const std::string& path);
  // The peer reads gzip, which the headers announce. Before anything else.
  void AllowGzip() { gzip_ = true; }
  // Whether `message` is to be packed before it is pushed.
  bool Packs(const Payload& message) const { return gzip_ && message.compressed(); }
  // `packed`: it is.
  void Push(Payload message, bool packed = false);
  void SetStatus(Status status, const Metadata& trailers, const std::string& path);
  // Instead of all that: a status of HTTP with a line of plain text, for a request that is not one of gRPC.
  void SetHttpError(int http_status, std::string text);
  bool has_status() const { return status_.has_value(); }
  bool is_http_error() const { return http_status_ != 0; }
  // The trailers are on their way to the peer: nothing changes them any more.
  bool end_begun() const { return trailers_submitted_ || fixed_trailers_; }

  // Of messages with their prefixes that nghttp2 has not taken yet.
  size_t buffered_bytes() const { return buffered_bytes_; }
  // Drops them, so that the trailers wait for no window any more; but for what is in a frame that nghttp2 has begun: that has to
  // go. Returns a message that has been sent in part, since it may be about to be written.
  std::optional<Payload> DropMessages();
  // Part of a message has been sent, or will be with a frame that nghttp2 has begun, so no trailers may follow.
  bool within_message() const { return begun_bytes_ > 0 ? begun_within_ : front_sent_ > 0; }

  // ---- For the session.

  // Gives nghttp2 what is new. False: it took nothing and the stream is to be reset. `table`, the one of the session, must stay.
  bool Submit(nghttp2_session* session, int32_t stream_id, const HeaderTable& table);
  // The header block of the HEADERS that nghttp2 sends now is kHeadersBlock, after what nghttp2 has put into it. True once.
  bool TakeFixedHeaders() { return std::exchange(fixed_headers_, false); }
  // The callback of nghttp2 for the bytes that come next: how many of at most `length` it gets.
  ssize_t BeginFrame(nghttp2_session* session, int32_t stream_id, size_t length, uint32_t* flags);
  // Moves as many bytes to `output`, and the trailers after the last ones where nghttp2 does not know of them.
  void TakeFrame(const uint8_t* frame_header, size_t length, Output& output);
  // As BeginFrame(), for the text of an HTTP error, which is copied.
  ssize_t CopyText(uint8_t* buffer, size_t length, uint32_t* flags);
  // The stream is over: nghttp2 has let go of a frame that it has begun.
  void OnClosed() { begun_bytes_ = 0; }
  // The last frame has been handed to the socket.
  void OnEndSent() { end_sent_ = true; }
  bool end_sent() const { return end_sent_; }

 private:
  bool SubmitHeaders(nghttp2_session* session, int32_t stream_id);
  bool SubmitHttpError(nghttp2_session* session, int32_t stream_id);
  bool SubmitTrailers(nghttp2_session* session, int32_t stream_id, bool only);
  void TakeBytes(size_t length, Output& output);
  // Drops the messages that are in no frame that nghttp2 has begun.
  void KeepBegun();

  // The trailers need not go through nghttp2: for it, the stream ends with the last DATA.
  bool MayFixTrailers() const { return status_->ok() && trailers_.empty() && table_->settled(); }

  TransportStats* stats_ = nullptr;
  const HeaderTable* table_ = nullptr;
  Metadata headers_;
  Metadata trailers_;
  MessageQueue messages_;
  std::optional<Status> status_;
  size_t buffered_bytes_ = 0;
  size_t front_sent_ = 0;  // How much of the first message nghttp2 has taken, prefix included.
  size_t begun_bytes_ = 0;  // Of the frame that nghttp2 has begun and that no output had room for yet.
  int http_status_ = 0;  // Not zero: an HTTP error, whose text status_ holds.
  size_t text_sent_ = 0;
  bool gzip_ = false;
  bool begun_within_ = false;    // The frame that is begun ends within a message. Valid once the messages are dropped.
  bool front_referred_ = false;  // An output refers to its memory.
  bool headers_set_ = false;
  bool submitted_ = false;
  bool trailers_submitted_ = false;
  bool fixed_headers_ = false;
  bool fixed_trailers_ = false;
  bool idle_ = false;  // nghttp2 waits for a word that there are bytes again.
  bool cut_ = false;   // Messages were dropped: nghttp2 may wait for a window, which nobody needs now.
  bool end_sent_ = false;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_RESPONSE_H_
