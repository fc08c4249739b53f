#include "framework/transport/native/session.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "framework/base/check.h"
#include "framework/base/log.h"

namespace rota::native {
namespace {

// Windows of flow control. The one of the connection is given back as bytes come in, so that a call that nobody reads holds
// up no other; the one of a stream as its messages are taken.
constexpr uint32_t kStreamWindow = 256 << 10;
constexpr int32_t kConnectionWindow = 4 << 20;
// They grow with the bandwidth-delay product.
constexpr uint32_t kLargestWindow = 4 << 20;
constexpr int32_t kStreamsInConnection = 2;

// All calls of a connection together may hold as much of what nobody takes; beyond, the connection waits for them. What a sink
// has given credit for does not count: else messages that are half here could keep their other halves away.
constexpr size_t kMaxHeld = 16 << 20;

constexpr uint32_t kMaxStreams = 1000;
constexpr uint32_t kMaxHeaderBytes = 16 << 10;
constexpr size_t kMaxContinuations = 128;

constexpr std::array<uint8_t, 8> kTunerPing = {'r', 'o', 't', 'a', 'b', 'd', 'p', '1'};
constexpr std::array<uint8_t, 8> kDrainPing = {'r', 'o', 't', 'a', 'd', 'r', 'n', '1'};

std::string_view View(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

}  // namespace

// The functions that nghttp2 calls. One set for all sessions; it is constant.
struct Session::Callbacks {
  static Session& Of(void* user) { return *static_cast<Session*>(user); }

  static int BeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Session& session = Of(user);
    session.fields_of_ = nullptr;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) session.OnBeginHeaders(frame->hd.stream_id);
    return 0;
  }
  static int Header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf* name, nghttp2_rcbuf* value, uint8_t, void* user) {
    if (NativeCall* const call = Of(user).fields_of_) call->OnField(View(name), View(value));
    return 0;
  }
  static int FrameReceived(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Of(user).OnFrame(*frame);
    return 0;
  }
  static int DataChunk(nghttp2_session*, uint8_t, int32_t stream_id, const uint8_t* bytes, size_t size, void* user) {
    Session& session = Of(user);
    session.unreturned_ += size;
    if (session.tuner_.OnData(size, session.host_.loop)) {
      nghttp2_submit_ping(session.session_.get(), NGHTTP2_FLAG_NONE, kTunerPing.data());
    }
    if (NativeCall* const call = session.Find(stream_id)) {
      session.held_ += size;
      call->OnBytes({bytes, size});
    }
    return 0;
  }
  static int StreamClose(nghttp2_session*, int32_t stream_id, uint32_t, void* user) {
    Of(user).OnStreamClose(stream_id);
    return 0;
  }
  static int FrameSent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Of(user).OnFrameSent(*frame);
    return 0;
  }
  static int SendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t length,
                      nghttp2_data_source* source, void* user) {
    Session& session = Of(user);
    // nghttp2 packs one frame after the other without coming back to Gather().
    if (!session.host_.output->HasRoom()) return NGHTTP2_ERR_WOULDBLOCK;
    static_cast<Response*>(source->ptr)->TakeFrame(header, length, *session.host_.output);
    if (NativeCall* const call = session.Find(frame->hd.stream_id)) call->OnRoom();
    return 0;
  }

  static const nghttp2_session_callbacks* All() {
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
  static const nghttp2_option* Options() {
    static const nghttp2_option* const options = [] {
      nghttp2_option* all = nullptr;
      ROTA_CHECK(nghttp2_option_new(&all) == 0, "out of memory");
      nghttp2_option_set_no_auto_window_update(all, 1);
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
};

Session::Session(Host& host, SessionOwner& owner, const std::string& peer)
    : host_(host), owner_(owner), peer_(peer), guard_(host.loop), tuner_(kStreamWindow, kLargestWindow) {
  nghttp2_session* session = nullptr;
  ROTA_CHECK(nghttp2_session_server_new3(&session, Callbacks::All(), this, Callbacks::Options(), host.blocks.memory()) == 0, "out of memory");
  session_.reset(session);
  const std::array<nghttp2_settings_entry, 3> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kMaxStreams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kMaxHeaderBytes},
  }};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

Session::~Session() { Close(); }

// ---- Receiving.

bool Session::Receive(std::span<const uint8_t> bytes) {
  if (broken_) return false;
  // What comes after the last word is not looked at.
  if (terminated_) return true;
  if (!scanner_.Scan(bytes, [this](uint8_t type, int32_t stream_id) { return IsAllowed(type, stream_id); })) {
    Terminate(NGHTTP2_STREAM_CLOSED, "frame on a closed stream");
    return true;
  }
  const ssize_t taken = nghttp2_session_mem_recv(session_.get(), bytes.data(), bytes.size());
  if (taken < 0) {
    broken_ = true;
    Log(LogLevel::kDebug, "connection_broken", {{"peer", peer_}, {"what", nghttp2_strerror(static_cast<int>(taken))}});
    return false;
  }
  ReturnWindow();
  if (nghttp2_session_want_write(session_.get()) || IsOver()) owner_.OnOutput();
  return true;
}

NativeCall* Session::Find(int32_t stream_id) {
  if (stream_id != last_stream_id_) {
    last_stream_id_ = stream_id;
    last_call_ = static_cast<NativeCall*>(nghttp2_session_get_stream_user_data(session_.get(), stream_id));
  }
  return last_call_;
}

bool Session::IsAllowed(uint8_t type, int32_t stream_id) {
  switch (type) {
    case NGHTTP2_HEADERS:
      if (history_.ForbidsHeaders(stream_id, Find(stream_id) != nullptr)) return false;
      history_.OnHeaders(stream_id);
      return true;
    case NGHTTP2_DATA:
      return !history_.ForbidsData(stream_id);
    case NGHTTP2_RST_STREAM:
      // Here already: the rest of these bytes may go on with the stream.
      history_.OnEndedByPeer(stream_id);
      return true;
    default:
      return true;
  }
}

void Session::OnBeginHeaders(int32_t stream_id) {
  // Streams that were reset do not count for nghttp2, but their handlers may run on. An honest peer can try again, because
  // this one has not begun (RFC 9113, section 8.7).
  if (running_->references() > kMaxStreams) {
    ++host_.stats.calls_refused;
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_REFUSED_STREAM);
    history_.OnResetHere(stream_id);
    return;
  }
  Ref<NativeCall> call = host_.NewCall();
  call->Open(host_, *this, stream_id, peer_);
  nghttp2_session_set_stream_user_data(session_.get(), stream_id, call.get());
  fields_of_ = last_call_ = call.get();
  last_stream_id_ = stream_id;
  call->index = calls_.size();
  calls_.push_back(std::move(call));
  if (calls_.size() == 1) owner_.OnCalls(true);
}

void Session::OnFrame(const nghttp2_frame& frame) {
  if (!IsTolerable(frame)) return Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "too_many_frames");
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA: {
      NativeCall* const call = Find(frame.hd.stream_id);
      if (call == nullptr) return;
      if (frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST) call->OnHeadersEnd();
      if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) call->OnRemoteEnd();
      return;
    }
    case NGHTTP2_PING:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) return OnPong(frame.ping.opaque_data);
      if (!owner_.OnPing(std::exchange(sent_since_ping_, false))) {
        Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
      }
      return;
    case NGHTTP2_SETTINGS:
      if (!std::exchange(ready_, true)) owner_.OnReady();
      return;
    default:
      return;
  }
}

void Session::OnPong(const uint8_t* payload) {
  if (drain_begun_ && std::memcmp(payload, kDrainPing.data(), kDrainPing.size()) == 0) return EndDrain();
  if (std::memcmp(payload, kTunerPing.data(), kTunerPing.size()) != 0) return;
  const std::optional<uint32_t> window = tuner_.OnPong(host_.loop.Now());
  if (!window) return;
  const nghttp2_settings_entry larger = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, *window};
  nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, &larger, 1);
  nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, 0,
                                        std::max(kConnectionWindow, static_cast<int32_t>(*window) * kStreamsInConnection));
}

bool Session::IsTolerable(const nghttp2_frame& frame) {
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
      return true;
    case NGHTTP2_DATA:
      return frame.hd.length > 0 || (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 || guard_.OnControl();
    case NGHTTP2_RST_STREAM:
      return guard_.OnReset();
    case NGHTTP2_WINDOW_UPDATE:
      return guard_.OnWindowUpdate();
    default:
      return guard_.OnControl();
  }
}

void Session::OnStreamClose(int32_t stream_id) {
  NativeCall* const call = Find(stream_id);
  last_stream_id_ = 0;
  last_call_ = nullptr;
  if (call == nullptr) return;
  if (fields_of_ == call) fields_of_ = nullptr;
  if (call->remote_ended()) {
    history_.OnEndedByPeer(stream_id);
  } else {
    history_.OnResetHere(stream_id);
  }
  // The last one takes its place.
  const Ref<NativeCall> keep = std::move(calls_[call->index]);
  if (call->index + 1 < calls_.size()) {
    calls_[call->index] = std::move(calls_.back());
    calls_[call->index]->index = call->index;
  }
  calls_.pop_back();
  call->OnClosed();
  if (calls_.empty()) owner_.OnCalls(false);
}

// ---- Sending.

bool Session::Gather(Output& output) {
  if (broken_) return false;
  SubmitCalls();
  while (output.HasRoom()) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
    if (size < 0) broken_ = true;
    if (size <= 0) return !output.HasRoom();
    output.Copy(bytes, static_cast<size_t>(size));
  }
  return true;
}

void Session::SubmitCalls() {
  // By index: a call may be queued again while another one is submitted.
  for (size_t i = 0; i < to_submit_.size(); ++i) {
    NativeCall& call = *to_submit_[i];
    call.submit_queued = false;
    if (call.closed() || call.response().Submit(session_.get(), call.stream_id())) continue;
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

void Session::CancelCalls() {
  for (const Ref<NativeCall>& call : calls_) ResetStream(*call, NGHTTP2_CANCEL);
}

void Session::Close() {
  broken_ = true;
  to_submit_.clear();
  for (const Ref<NativeCall>& call : std::exchange(calls_, {})) call->OnClosed();
}

}  // namespace rota::native
