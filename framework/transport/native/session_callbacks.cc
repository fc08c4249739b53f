#include "framework/transport/native/session_callbacks.h"

#include <limits>

#include "framework/base/check.h"
#include "framework/transport/native/request_headers.h"
#include "framework/transport/native/session_limits.h"

namespace rota::native {

int Session::Callbacks::BeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  Session& session = Of(user);
  session.field_cache_.Begin();
  session.fields_of_ = nullptr;
  session.passing_over_ = false;
  const bool request = frame->headers.cat == NGHTTP2_HCAT_REQUEST;
  session.fields_left_ = request ? std::numeric_limits<size_t>::max() : kMaxHeaderBytes;
  if (request) return session.OnBeginHeaders(frame->hd.stream_id);
  session.fields_of_ = session.Find(frame->hd.stream_id);
  return 0;
}

int Session::Callbacks::Header(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value, uint8_t, void* user) {
  return Of(user).OnField(frame->hd.stream_id, name, value);
}

int Session::Callbacks::FrameReceived(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  Of(user).OnFrame(*frame);
  return 0;
}

int Session::Callbacks::DataChunk(nghttp2_session* http, uint8_t, int32_t stream_id, const uint8_t* bytes, size_t size, void* user) {
  Session& session = Of(user);
  session.unreturned_ += size;
  if (session.tuner_.OnData(size, session.host_.loop)) {
    nghttp2_submit_ping(session.session_.get(), NGHTTP2_FLAG_NONE, kTunerPing.data());
  }
  if (NativeCall* const call = session.Find(stream_id)) {
    session.held_ += size;
    if (!call->OnBytes({bytes, size})) nghttp2_submit_rst_stream(http, NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_PROTOCOL_ERROR);
  }
  return 0;
}

int Session::Callbacks::StreamClose(nghttp2_session*, int32_t stream_id, uint32_t, void* user) {
  Of(user).OnStreamClose(stream_id);
  return 0;
}

int Session::Callbacks::FrameSent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  Of(user).OnFrameSent(*frame);
  return 0;
}

int Session::Callbacks::SendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t length,
                                 nghttp2_data_source* source, void* user) {
  Session& session = Of(user);
  // nghttp2 packs one frame after the other without coming back to Gather().
  if (!session.host_.output->HasRoom()) return NGHTTP2_ERR_WOULDBLOCK;
  static_cast<Response*>(source->ptr)->TakeFrame(header, length, *session.host_.output);
  if (NativeCall* const call = session.Find(frame->hd.stream_id)) call->OnRoom();
  return 0;
}

const nghttp2_session_callbacks* Session::Callbacks::All() {
  static const nghttp2_session_callbacks* const callbacks = [] {
    nghttp2_session_callbacks* all = nullptr;
    ROTA_CHECK(nghttp2_session_callbacks_new(&all) == 0, "out of memory");
    nghttp2_session_callbacks_set_on_begin_headers_callback(all, &BeginHeaders);
    nghttp2_session_callbacks_set_on_header_callback2(all, &Header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(all, &FrameReceived);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(all, &DataChunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(all, &StreamClose);
    nghttp2_session_callbacks_set_on_frame_send_callback(all, &FrameSent);
    nghttp2_session_callbacks_set_send_data_callback(all, &SendData);
    return all;
  }();
  return callbacks;
}

const nghttp2_option* Session::Callbacks::Options() {
  static const nghttp2_option* const options = [] {
    nghttp2_option* all = nullptr;
    ROTA_CHECK(nghttp2_option_new(&all) == 0, "out of memory");
    nghttp2_option_set_no_auto_window_update(all, 1);
    // RequestHeaders does it: nghttp2 reads each field of each request anew.
    nghttp2_option_set_no_http_messaging(all, 1);
    // What most answers say is fixed bytes (fixed_blocks.h): the table is for metadata of handlers, and costs each connection
    // memory from the beginning on.
    nghttp2_option_set_max_deflate_dynamic_table_size(all, 256);
    // Only priorities would need them.
    nghttp2_option_set_no_closed_streams(all, 1);
    // 2 MiB in one block: a list that is too long is refused on its stream and not by ending the connection.
    nghttp2_option_set_max_continuations(all, kMaxContinuations);
    // FloodGuard counts: nghttp2 would turn away a client that cancels its calls.
    nghttp2_option_set_stream_reset_rate_limit(all, 1u << 30, 1u << 30);
    return all;
  }();
  return options;
}

}  // namespace rota::native
