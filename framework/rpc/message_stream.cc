#include "framework/rpc/message_stream.h"

#include <utility>

#include "framework/base/check.h"

namespace rota {

Payload MessageStream::Take() {
  // In halves of the window: fewer, larger grants.
  if (++taken_ == kWindow / 2) {
    taken_ = 0;
    if (call_ != nullptr && !half_closed_) call_->AddReadCredit(kWindow / 2);
  }
  Payload message = received_.Pop();
  context_.set_request_compressed(message.compressed());
  return message;
}

void MessageStream::WaitToRead(Listener& listener) {
  ROTA_CHECK(reader_ == nullptr, "two coroutines read from one call at once");
  reader_ = &listener;
}

void MessageStream::StopReading(Listener& listener) {
  if (reader_ == &listener) reader_ = nullptr;
}

bool MessageStream::Write(Payload message) {
  if (call_ == nullptr) return true;
  SendHeaders();
  message.set_compressed(context_.compress_responses().value_or(false));
  ++stats_.messages_sent;
  return call_->Write(std::move(message));
}

void MessageStream::WaitToWrite(Listener& listener) {
  ROTA_CHECK(writer_ == nullptr, "two coroutines write to one call at once");
  writer_ = &listener;
}

void MessageStream::StopWriting(Listener& listener) {
  if (writer_ == &listener) writer_ = nullptr;
}

void MessageStream::OnMessage(Payload message) {
  received_.Push(std::move(message));
  Wake(reader_);
}

void MessageStream::OnHalfClose() {
  half_closed_ = true;
  Wake(reader_);
}

void MessageStream::OnWritable() { Wake(writer_); }

void MessageStream::SendHeaders() {
  if (std::exchange(headers_sent_, true)) return;
  if (context_.compress_responses()) call_->AllowCompression();
  if (!context_.response_headers().empty()) call_->SendHeaders(context_.response_headers());
}

void MessageStream::Wake(Listener*& listener) {
  if (Listener* const waiting = std::exchange(listener, nullptr)) waiting->OnReady();
}

}  // namespace rota
