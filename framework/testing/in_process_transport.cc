#include "framework/testing/in_process_transport.h"

#include <algorithm>
#include <utility>

#include "framework/base/check.h"
#include "framework/loop/context_slot.h"

namespace rota {

void InProcessCall::Send(std::string_view message) {
  ROTA_CHECK(!half_close_sent_, "the peer sent a message after its half-close");
  to_server_.emplace_back(message);
  Schedule();
}

void InProcessCall::HalfClose() {
  half_close_sent_ = true;
  Schedule();
}

void InProcessCall::Cancel(Status status) {
  cancelled_ = std::move(status);
  Schedule();
}

void InProcessCall::SetRoom(size_t messages) {
  room_ = messages;
  Flush();
  Schedule();
}

void InProcessCall::AddReadCredit(uint32_t messages) {
  ROTA_CHECK(!done_, "credit for a call that is over");
  credit_ += messages;
  Schedule();
}

void InProcessCall::SendHeaders(const Metadata& headers) {
  ROTA_CHECK(!done_ && !finished_, "headers for a call that is over");
  ROTA_CHECK(!headers_, "headers after the first message, or twice");
  headers_ = headers;
}

bool InProcessCall::Write(Payload message) {
  ROTA_CHECK(!done_ && !finished_, "a message for a call that is over");
  if (!headers_) headers_.emplace();
  ++server_.stats_.messages_sent;
  server_.stats_.bytes_sent += message.size();
  to_peer_.emplace_back(message.view());
  Flush();
  full_ = !to_peer_.empty();
  return !full_;
}

void InProcessCall::Finish(Status status, const Metadata& trailers) {
  ROTA_CHECK(!done_, "the status of a call that is over");
  ROTA_CHECK(!finished_, "a call was finished twice");
  finished_ = std::move(status);
  finished_trailers_ = trailers;
  Schedule();
}

void InProcessCall::Begin(CallAcceptor& acceptor) {
  sink_ = acceptor.OnCall(*this);
  ROTA_CHECK(sink_ != nullptr, "an acceptor returned no sink");
  Schedule();
}

void InProcessCall::Schedule() {
  // Before Begin() there is nobody to hear.
  if (std::exchange(scheduled_, true)) return;
  const ContextScope none(nullptr);
  server_.loop_.SetImmediate([self = Ref<InProcessCall>(this)] {
    self->scheduled_ = false;
    if (!self->done_) self->Deliver();
  });
}

void InProcessCall::Deliver() {
  if (cancelled_) return End(*cancelled_);
  while (credit_ > 0 && !to_server_.empty() && !finished_) {
    --credit_;
    const std::string message = std::move(to_server_.front());
    to_server_.pop_front();
    ++server_.stats_.messages_received;
    server_.stats_.bytes_received += message.size();
    sink_->OnMessage(Payload::Copy(message));
  }
  if (half_close_sent_ && to_server_.empty() && !half_close_told_ && !finished_) {
    half_close_told_ = true;
    sink_->OnHalfClose();
  }
  if (full_ && to_peer_.empty() && !finished_) {
    full_ = false;
    sink_->OnWritable();
  }
  if (finished_ && to_peer_.empty()) End(OkStatus());
}

void InProcessCall::Flush() {
  while (room_ > 0 && !to_peer_.empty()) {
    if (room_ != kNoLimit) --room_;
    messages_.push_back(std::move(to_peer_.front()));
    to_peer_.pop_front();
  }
}

void InProcessCall::End(const Status& status) {
  const Ref<InProcessCall> keep(this);
  status_ = status.ok() ? *finished_ : status;
  if (status.ok()) trailers_ = finished_trailers_;
  if (sink_ != nullptr) std::exchange(sink_, nullptr)->OnDone(status);
  done_ = true;
  server_.OnEnd(*this);
}

InProcessServer::~InProcessServer() {
  life_.DropDone();
  CancelAll(ShuttingDownError());
  drain_check_.Clear();
}

Ref<InProcessCall> InProcessServer::StartCall(CallStart start) {
  ROTA_CHECK(acceptor_ != nullptr, "Listen() comes before the first call");
  Ref<InProcessCall> call(new InProcessCall(*this, std::move(start)));
  if (!life_.serving()) {
    ++stats_.calls_refused;
    call->status_ = UnavailableError("the server drains");
    call->done_ = true;
    return call;
  }
  ++stats_.calls_started;
  calls_.push_back(call);
  call->Begin(*acceptor_);
  return call;
}

StatusOr<std::vector<std::string>> InProcessServer::Listen(const std::vector<std::string>& addresses, CallAcceptor& acceptor) {
  acceptor_ = &acceptor;
  life_.Begin(keeps_alive_);
  return addresses;
}

void InProcessServer::CancelAll(const Status& status) {
  while (!calls_.empty()) calls_.back()->End(status);
}

void InProcessServer::OnEnd(InProcessCall& call) {
  ++stats_.calls_done;
  std::erase_if(calls_, [&](const Ref<InProcessCall>& running) { return running.get() == &call; });
  EndDrainIfEmpty();
}

void InProcessServer::EndDrainIfEmpty() {
  if (life_.draining() && calls_.empty()) life_.End();
}

}  // namespace rota
