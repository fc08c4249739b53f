// The half of Session that hears the peer.

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "framework/base/log.h"
#include "framework/rpc/transport.h"
#include "framework/transport/native/request_headers.h"
#include "framework/transport/native/session.h"
#include "framework/transport/native/session_limits.h"

namespace rota::native {
namespace {

// No standard has it, and nghttp2 passes over it.
constexpr uint8_t kUnknownFrameType = 0xf0;

static_assert(kMaxHeaderBytes < FieldCutter::kMostBytes, "a call whose field was cut would be served");

}  // namespace

bool Session::Receive(std::span<uint8_t> bytes) {
  if (broken_) return false;
  // What comes after the last word is not looked at.
  if (terminated_) return true;
  size_t frames = 0;
  const bool allowed = scanner_.Scan(bytes, [this, &frames](uint8_t& type, int32_t stream_id) {
    ++frames;
    return IsAllowed(type, stream_id);
  });
  if (!allowed) {
    Terminate(NGHTTP2_STREAM_CLOSED, "frame on a closed stream");
    return true;
  }
  calls_begun_ = 0;
  bytes_at_once_ = frames <= kFramesAtOnce ? bytes.size() : bytes.size() * kFramesAtOnce / frames;
  if (cutter_ != nullptr) [[unlikely]] {
    cutter_->Add(scanner_.head(), scanner_.rest());
    if (!FeedCut()) return false;
  } else if (!Feed(scanner_.head()) || !Feed(scanner_.rest())) {  // An answer to what is in the first may end the session.
    return false;
  }
  AfterInput();
  return true;
}

void Session::TellOfBlock() {
  // It may end in what is here.
  if (cutter_ != nullptr && cutter_->HoldsInput()) [[unlikely]] return;
  // Blocks are told apart: of a peer that sends one after the other, any read may end within one.
  const uint64_t open = cutter_ != nullptr || scanner_.IsWithin(NGHTTP2_HEADERS) ? blocks_ : 0;
  if (open == open_block_) [[likely]] return;
  open_block_ = open;
  owner_.OnBlock(open != 0);
}

bool Session::FeedCut() {
  const std::vector<uint8_t> bytes = cutter_->Take(kCutAtOnce);
  if (cutter_->too_large()) {
    Terminate(NGHTTP2_FRAME_SIZE_ERROR, "too large frame size");
    return true;
  }
  if (cutter_->idle()) cutter_.reset();
  return Feed(bytes);
}

bool Session::ReceiveHeld() {
  calls_begun_ = 0;
  if (put_off_.empty()) {
    if (!FeedCut()) return false;
  } else {
    const std::span<const uint8_t> bytes = std::span(put_off_).subspan(std::exchange(put_off_at_, put_off_.size()));
    if (!Feed(bytes)) return false;
    if (put_off_at_ == put_off_.size()) {
      put_off_ = {};
      put_off_at_ = 0;
    }
  }
  AfterInput();
  return true;
}

void Session::AfterInput() {
  TellOfBlock();
  ReturnWindow();
  if (nghttp2_session_want_write(session_.get()) || IsOver()) owner_.OnOutput();
}

void Session::PutOff(std::span<const uint8_t> rest) {
  if (!put_off_.empty()) {
    // It is the rest of what was put off before.
    put_off_at_ -= rest.size();
  } else {
    put_off_.assign(rest.begin(), rest.end());
  }
}

bool Session::Feed(std::span<const uint8_t> bytes) {
  if (terminated_) return true;
  // A header that comes before the rest of these bytes may be longer than they are.
  for (size_t left = std::max(bytes_at_once_, kPassedOverAtOnce); !bytes.empty();) {
    const size_t step = std::min({bytes.size(), left, passing_over_ ? kPassedOverAtOnce : bytes.size()});
    const ssize_t taken = [&] {
      const Host::Http2Scope scope(host_);
      return nghttp2_session_mem_recv(session_.get(), bytes.data(), step);
    }();
    // More answers asked for in one go than nghttp2 keeps, which are 1,000; or a header block of too many frames.
    if (taken == NGHTTP2_ERR_FLOODED || taken == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) {
      Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "flooded");
      return true;
    }
    if (taken < 0) {
      broken_ = true;
      Log(LogLevel::kDebug, "connection_broken", {{"peer", peer_}, {"what", nghttp2_strerror(static_cast<int>(taken))}});
      return false;
    }
    bytes = bytes.subspan(static_cast<size_t>(taken));
    left -= static_cast<size_t>(taken);
    if (std::exchange(fields_too_long_, false)) RefuseFields();
    if (broken_) return false;
    const bool is_enough = calls_begun_ > kCallsAtOnce || left == 0 || (passing_over_ && bytes.size() > kPassedOverAtOnce);
    if (!bytes.empty() && is_enough) {
      PutOff(bytes);
      return true;
    }
  }
  return true;
}

NativeCall* Session::Find(int32_t stream_id) {
  if (stream_id != last_stream_id_) {
    last_stream_id_ = stream_id;
    last_call_ = static_cast<NativeCall*>(nghttp2_session_get_stream_user_data(session_.get(), stream_id));
  }
  return last_call_;
}

bool Session::IsAllowed(uint8_t& type, int32_t stream_id) {
  switch (type) {
    case NGHTTP2_HEADERS:
      return AllowsHeaders(stream_id);
    case NGHTTP2_DATA:
      return !history_.ForbidsData(stream_id);
    case NGHTTP2_RST_STREAM:
      HearReset(type, stream_id);
      return true;
    default:
      return true;
  }
}

bool Session::AllowsHeaders(int32_t stream_id) {
  if (history_.ForbidsHeaders(stream_id, Find(stream_id) != nullptr)) return false;
  history_.OnHeaders(stream_id);
  ++blocks_;
  if ((scanner_.flags() & NGHTTP2_FLAG_END_HEADERS) == 0) [[unlikely]] BeginCutting();
  return true;
}

void Session::HearReset(uint8_t& type, int32_t stream_id) {
  // Here already: the rest of these bytes may go on with the stream.
  if (!history_.IsAhead(stream_id)) return history_.OnEndedByPeer(stream_id);
  type = kUnknownFrameType;
  if (!guard_.OnReset()) Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "too_many_resets");
}

void Session::BeginCutting() {
  if (cutter_ == nullptr) cutter_ = std::make_unique<FieldCutter>(scanner_.lead());
}

int Session::OnBeginHeaders(int32_t stream_id) {
  // Streams that were reset do not count for nghttp2, but their handlers may run on. An honest peer can try again, because
  // this one has not begun (RFC 9113, section 8.7).
  if (running_->count() >= kMaxCallsOfConnection) {
    ++host_.stats.calls_refused;
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_REFUSED_STREAM);
    history_.OnResetHere(stream_id);
    // The fields are decoded and no more.
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  Ref<NativeCall> call = host_.NewCall();
  call->Open(host_, *this, stream_id, peer_);
  nghttp2_session_set_stream_user_data(session_.get(), stream_id, call.get());
  fields_of_ = last_call_ = call.get();
  last_stream_id_ = stream_id;
  call->index = calls_.size();
  calls_.push_back(std::move(call));
  if (calls_.size() == 1) owner_.OnCalls(true);
  ++calls_begun_;
  return 0;
}

int Session::OnField(int32_t stream_id, nghttp2_rcbuf* name, nghttp2_rcbuf* value) {
  NativeCall* const call = fields_of_;
  if (call == nullptr) return 0;
  const RequestField& field = field_cache_.Next(name, value);
  // Nothing of trailers is kept, but they are looked at.
  if (field.list_bytes > fields_left_) {
    passing_over_ = true;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  fields_left_ -= field.list_bytes;
  if (!call->OnField(field)) {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_PROTOCOL_ERROR);
    // The rest is decoded and not told.
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  if (call->has_too_many_fields()) {
    // It could not be answered when its fields became too many: its stream is reset.
    if (call->refused()) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    fields_too_long_ = true;
    return NGHTTP2_ERR_PAUSE;
  }
  return calls_begun_ > kCallsAtOnce ? static_cast<int>(NGHTTP2_ERR_PAUSE) : 0;
}

void Session::RefuseFields() {
  passing_over_ = true;
  NativeCall& call = *fields_of_;
  if (!call.OnHeadersEnd(false)) {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, call.stream_id(), NGHTTP2_PROTOCOL_ERROR);
  }
  if (!guard_.OnRefusedFields()) Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "too_many_fields");
  owner_.FlushNow();
}

void Session::OnFrame(const nghttp2_frame& frame) {
  passing_over_ = false;
  if (!IsTolerable(frame)) return Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "too_many_frames");
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA: {
      NativeCall* const call = Find(frame.hd.stream_id);
      if (call == nullptr) return;
      const bool end = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
      bool well_formed = true;
      if (frame.hd.type == NGHTTP2_HEADERS) {
        // Fields that are not the first ones are trailers, and end the stream.
        well_formed = frame.headers.cat == NGHTTP2_HCAT_REQUEST ? call->OnHeadersEnd(end) : end;
      }
      if (end && well_formed) well_formed = call->OnRemoteEnd();
      if (!well_formed) {
        nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_PROTOCOL_ERROR);
      }
      return;
    }
    case NGHTTP2_PING:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) return OnPong(frame.ping.opaque_data);
      if (!owner_.OnPing(std::exchange(sent_since_ping_, false))) {
        Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
      }
      return;
    case NGHTTP2_SETTINGS:
      (frame.hd.flags & NGHTTP2_FLAG_ACK) == 0 ? table_.OnSettings() : owner_.OnSettled();
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
    case NGHTTP2_SETTINGS:
      return guard_.OnSettings();
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

}  // namespace rota::native
