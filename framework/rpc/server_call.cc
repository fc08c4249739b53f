#include "framework/rpc/server_call.h"

#include <string>
#include <utility>

#include "framework/base/status_or.h"
#include "framework/rpc/call_context.h"
#include "framework/rpc/codec.h"

namespace rota {
namespace {

TimePoint StartOf(const CallStart& start, const EventLoop& loop) { return start.arrived == TimePoint() ? loop.Now() : start.arrived; }

}  // namespace

ServerCall::ServerCall(const CallParts& parts)
    : method_(parts.method),
      system_(parts.system),
      kind_(parts.kind),
      stats_(parts.stats),
      context_(MakeCallContext(system_.loop(), system_.workers(), parts.call.start(), method_.full_name)),
      started_(StartOf(parts.call.start(), system_.loop())),
      call_(&parts.call),
      stream_(method_, parts.call, *context_, stats_) {}

void ServerCall::Begin() {
  stats_.OnStarted();
  context_->Subscribe(*this);
  if (call_ == nullptr) return;
  if (!ClientStreams(method_.kind)) {
    // One for the request and one to see that there is no second.
    call_->AddReadCredit(2);
    return;
  }
  stream_.Open();
  if (!method_.keyed()) SendTurn("");
}

void ServerCall::OnMessage(Payload message) {
  if (call_ == nullptr) return;
  ++stats_.messages_received;
  if (!ClientStreams(method_.kind)) {
    context_->set_request_compressed(message.compressed());
    if (Status status = TakeOnly(message); !status.ok()) Finish(status);
    return;
  }
  if (method_.keyed() && !has_request_) return TakeFirst(message);
  stream_.OnMessage(std::move(message));
}

// Wrong counts are UNIMPLEMENTED: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md, "request cardinality
// violation".
Status ServerCall::TakeOnly(const Payload& message) {
  if (std::exchange(has_request_, true)) {
    return UnimplementedError("method " + std::string(method_.full_name) + " takes one request, but more were sent");
  }
  return TakeRequest(message);
}

void ServerCall::TakeFirst(const Payload& message) {
  has_request_ = true;
  context_->set_request_compressed(message.compressed());
  Status status = TakeRequest(message);
  if (status.ok()) status = CheckKey(method_, Key());
  if (!status.ok()) return Finish(status);
  SendTurn(Key());
}

void ServerCall::OnHalfClose() {
  if (call_ == nullptr) return;
  if (ClientStreams(method_.kind)) {
    stream_.OnHalfClose();
    if (method_.keyed() && !has_request_) Finish(CheckKey(method_, ""));
    return;
  }
  if (!has_request_) {
    return Finish(UnimplementedError("method " + std::string(method_.full_name) + " takes one request, but none was sent"));
  }
  if (Status status = method_.keyed() ? CheckKey(method_, Key()) : OkStatus(); !status.ok()) return Finish(status);
  SendTurn(method_.keyed() ? Key() : std::string_view());
}

void ServerCall::SendTurn(std::string_view key) {
  std::unique_ptr<Turn> turn(::new (static_cast<void*>(turn_)) CallTurn(*this));
  if (Status status = system_.TrySend(kind_, key, turn); !status.ok()) Finish(status);
}

Status ServerCall::Send(const google::protobuf::MessageLite& answer) {
  StatusOr<Payload> encoded = Encode(method_, answer);
  if (!encoded.ok()) return std::move(encoded).status();
  stream_.Write(*std::move(encoded));
  return OkStatus();
}

void ServerCall::OnHandled(const Status& status) {
  Finish(threw_ ? InternalError("internal error in " + std::string(method_.full_name)) : status);
}

void ServerCall::Finish(const Status& status) {
  if (call_ == nullptr) return;
  Call& call = *call_;
  stream_.SendHeaders();
  Close(status.code());
  call.Finish(status, context_->response_trailers());
}

void ServerCall::OnDone(const Status& status) {
  const Ref<ServerCall> self = Ref<ServerCall>::Adopt(this);
  if (call_ == nullptr) return;
  const Status reason = status.ok() ? CancelledError("the call ended before its handler") : status;
  Close(reason.code());
  context_->Cancel(reason);
}

void ServerCall::Close(StatusCode code) {
  call_ = nullptr;
  stream_.Close();
  stats_.OnHandled(code, system_.loop().Now() - started_);
}

}  // namespace rota
