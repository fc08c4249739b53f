#include "framework/transport/native/session.h"

#include <array>
#include <cstring>
#include <utility>

#include "framework/base/check.h"
#include "framework/base/log.h"
#include "framework/rpc/transport.h"
#include "framework/transport/native/request_headers.h"
#include "framework/transport/native/session_callbacks.h"
#include "framework/transport/native/session_limits.h"
#include "framework/transport/native/session_memory.h"

namespace rota::native {

Session::Session(Host& host, SessionOwner& owner, const std::string& peer)
    : host_(host), owner_(owner), peer_(peer), guard_(host.loop), tuner_(kStreamWindow, kLargestWindow) {
  nghttp2_session* session = nullptr;
  nghttp2_mem memory = SessionMemory();
  ROTA_CHECK(nghttp2_session_server_new3(&session, Callbacks::All(), this, Callbacks::Options(), &memory) == 0, "out of memory");
  session_.reset(session);
  const std::array<nghttp2_settings_entry, 3> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kMaxCallsOfConnection},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kMaxHeaderBytes},
  }};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

Session::~Session() { Close(); }
// ---- Sending.

bool Session::Gather(Output& output) {
  if (broken_) return false;
  SubmitCalls();
  while (output.HasRoom()) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = [&] {
      const Host::Http2Scope scope(host_);
      return nghttp2_session_mem_send(session_.get(), &bytes);
    }();
    if (size < 0) broken_ = true;
    if (size <= 0) return !output.HasRoom();
    CopyFrame(bytes, static_cast<size_t>(size), output);
  }
  return true;
}

void Session::CopyFrame(const uint8_t* frame, size_t size, Output& output) {
  constexpr size_t kType = 3;
  if (frame[kType] != NGHTTP2_HEADERS) return output.Copy(frame, size);
  const int32_t stream_id = StreamOf(frame);
  NativeCall* const call = Find(stream_id);
  if (call == nullptr || !call->response().TakeFixedHeaders()) return output.Copy(frame, size);
  // What nghttp2 has put into it comes first: it can only be about the size of the table.
  uint8_t* const place = output.Extend(size + kHeadersBlock.size());
  std::memcpy(place, frame, size);
  std::memcpy(place + size, kHeadersBlock.data(), kHeadersBlock.size());
  WriteFrameHeader(place, size - kFrameHeaderBytes + kHeadersBlock.size(), NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, stream_id);
}

void Session::SubmitCalls() {
  // By index: a call may be queued again while another one is submitted.
  for (size_t i = 0; i < to_submit_.size(); ++i) {
    NativeCall& call = *to_submit_[i];
    call.submit_queued = false;
    if (call.closed() || call.response().Submit(session_.get(), call.stream_id(), table_)) continue;
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, call.stream_id(), NGHTTP2_INTERNAL_ERROR);
  }
  to_submit_.clear();
}

void Session::OnFrameSent(const nghttp2_frame& frame) {
  switch (frame.hd.type) {
    case NGHTTP2_DATA:
      sent_since_ping_ = true;
      guard_.OnDataSent();
      if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) break;
      return;
    case NGHTTP2_HEADERS:
      table_.OnBlockSent();
      sent_since_ping_ = true;
      if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) break;
      return;
    case NGHTTP2_GOAWAY:
      // Not together with the first one: nghttp2 would send the PING before it, and the answer would say nothing.
      if (drain_begun_ && !drain_ended_) nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, kDrainPing.data());
      return;
    case NGHTTP2_RST_STREAM:
      // A peer can make the server reset its streams by breaking the rules on them.
      if (frame.rst_stream.error_code != NGHTTP2_NO_ERROR && !guard_.OnReset()) {
        Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "too_many_resets");
      }
      return;
    default:
      return;
  }
  NativeCall* const call = Find(frame.hd.stream_id);
  if (call == nullptr) return;
  call->response().OnEndSent();
  if (call->remote_ended()) return;
  // RFC 9113, section 8.1: the peer need not send the rest.
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_NO_ERROR);
}

void Session::QueueSubmit(NativeCall& call) {
  if (std::exchange(call.submit_queued, true)) return;
  to_submit_.emplace_back(&call);
  ++host_.unsent;
  owner_.OnOutput();
}

void Session::GiveCredit(NativeCall& call, size_t bytes) {
  nghttp2_session_consume_stream(session_.get(), call.stream_id(), bytes);
  owner_.OnOutput();
}

void Session::LetGo(size_t bytes) {
  const bool was_full = held_ > kMaxHeld;
  held_ -= bytes;
  if (!was_full || held_ > kMaxHeld || broken_) return;
  ReturnWindow();
  owner_.OnOutput();
}

void Session::ReturnWindow() {
  if (unreturned_ == 0 || held_ > kMaxHeld) return;
  nghttp2_session_consume_connection(session_.get(), std::exchange(unreturned_, 0));
}

void Session::ResetStream(NativeCall& call, uint32_t error_code) {
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, call.stream_id(), error_code);
  owner_.OnOutput();
}

// ---- Ending.

bool Session::IsOver() const {
  if (terminated_) return broken_ || !nghttp2_session_want_write(session_.get());
  return broken_ || (!nghttp2_session_want_read(session_.get()) && !nghttp2_session_want_write(session_.get()));
}

void Session::BeginDrain() {
  if (std::exchange(drain_begun_, true)) return;
  nghttp2_submit_shutdown_notice(session_.get());
  owner_.OnOutput();
}

void Session::EndDrain() {
  if (std::exchange(drain_ended_, true)) return;
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
                        NGHTTP2_NO_ERROR, nullptr, 0);
  owner_.OnOutput();
}

void Session::SendPing() {
  nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
  owner_.OnOutput();
}

void Session::Terminate(uint32_t error_code, std::string_view why) {
  if (std::exchange(terminated_, true)) return;
  Log(LogLevel::kWarn, "connection_ended", {{"peer", peer_}, {"reason", std::string(why)}});
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()), error_code,
                        reinterpret_cast<const uint8_t*>(why.data()), why.size());
  owner_.OnOutput();
}

void Session::CancelCalls(const Status& why) {
  for (const Ref<NativeCall>& call : calls_) call->Cancel(why);
}

void Session::Close() {
  broken_ = true;
  to_submit_.clear();
  for (const Ref<NativeCall>& call : std::exchange(calls_, {})) call->OnClosed();
}

}  // namespace rota::native
