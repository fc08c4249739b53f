#include "framework/transport/native/response.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "framework/transport/native/encoding.h"
#include "framework/transport/native/field_list.h"
#include "framework/transport/native/message_framer.h"

namespace rota::native {
namespace {

constexpr std::string_view kContentType = "application/grpc";

size_t WireSize(const Payload& message) { return message.size() + Payload::kHeadroom; }

ssize_t ReadData(nghttp2_session* session, int32_t stream_id, uint8_t*, size_t length, uint32_t* flags,
                 nghttp2_data_source* source, void*) {
  return static_cast<Response*>(source->ptr)->BeginFrame(session, stream_id, length, flags);
}

ssize_t ReadText(nghttp2_session*, int32_t, uint8_t* buffer, size_t length, uint32_t* flags, nghttp2_data_source* source, void*) {
  return static_cast<Response*>(source->ptr)->CopyText(buffer, length, flags);
}

}  // namespace

void Response::Reset(TransportStats& stats) {
  stats_ = &stats;
  headers_.Clear();
  trailers_.Clear();
  messages_.Clear();
  status_.reset();
  buffered_bytes_ = front_sent_ = begun_bytes_ = 0;
  http_status_ = 0;
  text_sent_ = 0;
  gzip_ = begun_within_ = front_referred_ = headers_set_ = submitted_ = trailers_submitted_ = false;
  fixed_headers_ = fixed_trailers_ = idle_ = cut_ = end_sent_ = false;
}

void Response::SetHeaders(const Metadata& headers, const std::string& path) {
  headers_set_ = true;
  if (!headers.empty()) headers_ = Sendable(headers, path);
}

void Response::Push(Payload message, bool packed) {
  if (message.headroom() == nullptr) message = Payload::Allocate(0);
  WritePrefix(message, packed);
  buffered_bytes_ += WireSize(message);
  messages_.Push(std::move(message));
}

void Response::SetStatus(Status status, const Metadata& trailers, const std::string& path) {
  status_ = std::move(status);
  trailers_.Clear();
  if (!trailers.empty()) trailers_ = Sendable(trailers, path);
}

void Response::SetHttpError(int http_status, std::string text) {
  http_status_ = http_status;
  status_ = InternalError(std::move(text) + "\n");
}

std::optional<Payload> Response::DropMessages() {
  cut_ = true;
  buffered_bytes_ = begun_bytes_;
  if (begun_bytes_ > 0) {
    KeepBegun();
    return std::nullopt;
  }
  std::optional<Payload> kept;
  if (front_referred_ && !messages_.empty()) kept = messages_.Pop();
  messages_.Clear();
  front_referred_ = false;
  return kept;
}

void Response::KeepBegun() {
  MessageQueue begun;
  size_t left = front_sent_ + begun_bytes_;
  while (left > 0) {
    const size_t size = WireSize(messages_.Front());
    begun.Push(messages_.Pop());
    begun_within_ = size > left;
    left -= std::min(left, size);
  }
  messages_ = std::move(begun);
}

// ---- Into nghttp2.

bool Response::Submit(nghttp2_session* session, int32_t stream_id, const HeaderTable& table) {
  table_ = &table;
  if (!submitted_) {
    submitted_ = true;
    if (http_status_ != 0) return SubmitHttpError(session, stream_id);
    if (status_ && messages_.empty() && !headers_set_) return SubmitTrailers(session, stream_id, true);
    if (!SubmitHeaders(session, stream_id)) return false;
  } else if (idle_ && !messages_.empty()) {
    idle_ = false;
    return nghttp2_session_resume_data(session, stream_id) == 0;
  }
  // Otherwise it asks by itself. What has begun goes before them.
  if (idle_ || cut_) return !status_ || trailers_submitted_ || SubmitTrailers(session, stream_id, false);
  return true;
}

bool Response::SubmitHeaders(nghttp2_session* session, int32_t stream_id) {
  nghttp2_data_provider messages{};
  messages.source.ptr = this;
  messages.read_callback = &ReadData;
  if (!gzip_ && headers_.empty()) {
    fixed_headers_ = true;
    return nghttp2_submit_response(session, stream_id, nullptr, 0, &messages) == 0;
  }
  FieldList fields;
  fields.Add(":status", "200");
  fields.Add("content-type", kContentType);
  if (gzip_) fields.Add("grpc-encoding", "gzip");
  fields.AddMetadata(headers_);
  return nghttp2_submit_response(session, stream_id, fields.data(), fields.size(), &messages) == 0;
}

bool Response::SubmitHttpError(nghttp2_session* session, int32_t stream_id) {
  FieldList fields;
  fields.AddCopy(":status", std::to_string(http_status_));
  fields.Add("content-type", "text/plain; charset=utf-8");
  nghttp2_data_provider text{};
  text.source.ptr = this;
  text.read_callback = &ReadText;
  return nghttp2_submit_response(session, stream_id, fields.data(), fields.size(), &text) == 0;
}

bool Response::SubmitTrailers(nghttp2_session* session, int32_t stream_id, bool only) {
  trailers_submitted_ = true;
  FieldList fields;
  if (only) {
    fields.Add(":status", "200");
    fields.Add("content-type", kContentType);
    if (status_->code() == StatusCode::kUnimplemented) fields.Add("grpc-accept-encoding", kAcceptedEncodings);
  }
  fields.AddStatus(*status_);
  fields.AddMetadata(trailers_);
  if (only) return nghttp2_submit_response(session, stream_id, fields.data(), fields.size(), nullptr) == 0;
  return nghttp2_submit_trailer(session, stream_id, fields.data(), fields.size()) == 0;
}

// ---- Out of nghttp2.

ssize_t Response::BeginFrame(nghttp2_session* session, int32_t stream_id, size_t length, uint32_t* flags) {
  const size_t size = std::min(length, buffered_bytes_);
  if (size == 0 && (!status_ || trailers_submitted_)) {
    idle_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  begun_bytes_ = size;
  if (size > 0) *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (size == buffered_bytes_ && status_) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (size > 0 && MayFixTrailers()) {
      fixed_trailers_ = true;
      return static_cast<ssize_t>(size);
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    if (!SubmitTrailers(session, stream_id, false)) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  return static_cast<ssize_t>(size);
}

ssize_t Response::CopyText(uint8_t* buffer, size_t length, uint32_t* flags) {
  const std::string_view left = status_->message().substr(text_sent_);
  const size_t size = std::min(length, left.size());
  std::memcpy(buffer, left.data(), size);
  text_sent_ += size;
  if (size == left.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(size);
}

void Response::TakeFrame(const uint8_t* frame_header, size_t length, Output& output) {
  buffered_bytes_ -= length;
  begun_bytes_ = 0;
  if (!fixed_trailers_) {
    output.Copy(frame_header, kFrameHeaderBytes);
    return TakeBytes(length, output);
  }
  const int32_t stream_id = StreamOf(frame_header);
  WriteFrameHeader(output.Extend(kFrameHeaderBytes), length, NGHTTP2_DATA, NGHTTP2_FLAG_NONE, stream_id);
  TakeBytes(length, output);
  uint8_t* const trailers = output.Extend(kFrameHeaderBytes + kOkBlock.size());
  WriteFrameHeader(trailers, kOkBlock.size(), NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, stream_id);
  std::memcpy(trailers + kFrameHeaderBytes, kOkBlock.data(), kOkBlock.size());
}

void Response::TakeBytes(size_t length, Output& output) {
  while (length > 0) {
    Payload& front = messages_.Front();
    const size_t piece = std::min(length, WireSize(front) - front_sent_);
    output.Append(front.headroom() + front_sent_, piece);
    if (piece > Output::kCopyUpTo) front_referred_ = true;
    front_sent_ += piece;
    length -= piece;
    if (front_sent_ < WireSize(front)) return;
    ++stats_->messages_sent;
    stats_->bytes_sent += front.size();
    front_sent_ = 0;
    Payload sent = messages_.Pop();
    if (std::exchange(front_referred_, false)) output.Keep(std::move(sent));
  }
}

}  // namespace rota::native
