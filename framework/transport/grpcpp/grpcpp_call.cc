#include "framework/transport/grpcpp/grpcpp_call.h"

#include <grpc/grpc.h>

#include <algorithm>
#include <string>
#include <utility>

#include "framework/base/check.h"
#include "framework/base/log.h"
#include "framework/base/status_or.h"
#include "framework/rpc/server_life.h"
#include "framework/transport/grpcpp/conversions.h"

// Of libgrpc, but in none of the headers that it installs.
uint32_t grpc_call_test_only_get_message_flags(grpc_call* call);
uint32_t grpc_call_test_only_get_encodings_accepted_by_peer(grpc_call* call);

namespace rota::grpcpp {
namespace {

// A client gives up by its own clock, and its reset comes here before the deadline that gRPC counts from the arrival of
// the request: what ends this close to the deadline ran out of time.
constexpr Duration kDeadlineSlack = std::chrono::milliseconds(10);

// gRPC would unpack messages as well, but with no limit on what comes out, so that 4 MiB could become 4 GiB. How they are packed is said in
// a header that it does not show.
constexpr coding::Form kForm = coding::Form::kGzipOrZlib;

// Whether the message that was read last came compressed. The flag of a message reaches no public interface of gRPC; its own
// interoperability server asks in the same way.
bool CameCompressed(grpc_call* call) {
  constexpr uint32_t kWriteInternalCompress = 0x80000000u;
  return (grpc_call_test_only_get_message_flags(call) & kWriteInternalCompress) != 0;
}

bool PeerAcceptsGzip(grpc_call* call) {
  return (grpc_call_test_only_get_encodings_accepted_by_peer(call) >> GRPC_COMPRESS_GZIP & 1) != 0;
}

// Counted as on the wire, so that empty messages are bounded, too.
size_t WireSize(const Payload& message) { return message.size() + Payload::kHeadroom; }

template <typename Add>
void AddSendable(const Metadata& metadata, const std::string& path, Add add) {
  for (const auto& entry : metadata) {
    const std::string key(entry.first), value(entry.second);
    if (const char* why = WhyNotSendable(key, value)) {
      Log(LogLevel::kWarn, "metadata_dropped", {{"path", path}, {"key", key}, {"reason", why}});
    } else {
      add(key, value);
    }
  }
}

}  // namespace

// ---- Beginning.

void GrpcppCall::Request(grpc::AsyncGenericService& service) {
  self_ = Ref<GrpcppCall>(this);
  rpc_->context.AsyncNotifyWhenDone(over_tag_.pointer());
  // Both: of a call that is over at once, that may be told first.
  outstanding_ += 2;
  grpc::ServerCompletionQueue& queue = host_->bridge->queue();
  host_->bridge->BeginOperation([&] { service.RequestCall(&rpc_->context, &rpc_->stream, &queue, &queue, requested_.pointer()); });
}

void GrpcppCall::OnArrival(bool ok) {
  if (!ok) return;
  start_.peer = PeerOf(rpc_->context);
  peer_ = host_->OnArrival(start_.peer);
}

void GrpcppCall::OnRequested(bool ok) {
  // Not ok: the server shuts down. Then gRPC does not give over_tag_ back either.
  if (!ok) {
    --outstanding_;
    return;
  }
  host_->OnTurn();
  // Its peer has taken it back before its turn, or is gone: nobody waits for an answer.
  if (over_arrived_) return;
  StatusOr<CallStart> start = ToCallStart(rpc_->context, std::move(start_.peer), host_->loop.Now());
  if (start.ok()) start_ = *std::move(start);
  host_->OnBegin(*this, start.status());
}

void GrpcppCall::Accept(CallAcceptor& acceptor) {
  accepted_ = true;
  ++host_->stats.calls_started;
  StartRead();
  CallSink* const sink = acceptor.OnCall(*this);
  ROTA_CHECK(sink != nullptr, "CallAcceptor::OnCall() returned no sink");
  sink_ = sink;
}

void GrpcppCall::Refuse(const Status& status) {
  ++host_->stats.calls_refused;
  Finish(status, Metadata());
}

// ---- Receiving.

void GrpcppCall::StartRead() {
  ++outstanding_;
  grpc_op read{};
  read.op = GRPC_OP_RECV_MESSAGE;
  read.data.recv_message.recv_message = &rpc_->incoming;
  host_->bridge->BeginOperation([&] {
    const grpc_call_error error = grpc_call_start_batch(rpc_->context.c_call(), &read, 1, read_.core_pointer(), nullptr);
    ROTA_CHECK(error == GRPC_CALL_OK, "gRPC refused to read");
  });
}

void GrpcppCall::OnRead(bool ok) {
  if (rpc_->incoming != nullptr) return TakeMessage();
  // Not ok: gRPC has cut off a message, and cancels the call. Neither that nor a reset may look like the end of the messages.
  if (ok && open() && grpc_call_failed_before_recv_message(rpc_->context.c_call()) == 0) sink_->OnHalfClose();
}

void GrpcppCall::TakeMessage() {
  if (!open()) return;
  const size_t size = grpc_byte_buffer_length(rpc_->incoming);
  if (size > options_.max_message_bytes) {
    return Fail(ResourceExhaustedError("message of " + std::to_string(size) + " bytes is larger than the limit of " +
                                       std::to_string(options_.max_message_bytes)));
  }
  held_ = ToPayload(rpc_->incoming);
  held_is_packed_ = CameCompressed(rpc_->context.c_call());
  held_->set_compressed(held_is_packed_);
  rpc_->DropIncoming();
  DeliverHeld();
}

void GrpcppCall::DeliverHeld() {
  if (!open() || !held_ || credit_ == 0 || !IsUnpacked()) return;
  Payload message = *std::move(held_);
  held_.reset();
  Deliver(std::move(message));
}

// Not before the sink wants it: until then it takes no more memory than it did on its way.
bool GrpcppCall::IsUnpacked() {
  if (!held_is_packed_) return true;
  if (unpacking_ != nullptr) return false;
  const std::string_view compressed = held_->view();
  const size_t limit = options_.max_message_bytes;
  if (!host_->coding_queue.Take(coding::UnpackingWork(compressed, limit, kForm))) {
    unpacking_ = std::make_unique<UnpackingTurn>(*this, compressed, limit, kForm);
    host_->coding_queue.Add(*unpacking_, peer_->coding);
    return false;
  }
  EndUnpacking(coding::Unpack(compressed, limit, kForm));
  return held_.has_value();
}

void GrpcppCall::OnUnpacked(StatusOr<Payload> plain) {
  unpacking_ = nullptr;
  EndUnpacking(std::move(plain));
  host_->OnUnpacked(*this);
}

void GrpcppCall::EndUnpacking(StatusOr<Payload> plain) {
  if (!plain.ok()) return Fail(std::move(plain).status());
  held_ = *std::move(plain);
  held_->set_compressed(true);
  held_is_packed_ = false;
}

void GrpcppCall::DropHeld() {
  unpacking_ = nullptr;
  held_.reset();
}

void GrpcppCall::Deliver(Payload message) {
  --credit_;
  ++host_->stats.messages_received;
  host_->stats.bytes_received += message.size();
  // The next one comes in while the sink is at work.
  StartRead();
  sink_->OnMessage(std::move(message));
}

void GrpcppCall::AddReadCredit(uint32_t messages) {
  credit_ += messages;
  if (!held_ || held_scheduled_ || messages == 0) return;
  held_scheduled_ = true;
  // Not here: the sink does not expect a message while it is calling.
  host_->loop.NextTick([self = Ref<GrpcppCall>(this)] {
    self->held_scheduled_ = false;
    self->DeliverHeld();
  });
}

// Ends the call in the place of the sink, which hears of it by OnDone().
void GrpcppCall::Fail(Status status) {
  DropHeld();
  DropPacked();
  fault_ = status;
  while (!queue_.empty()) buffered_bytes_ -= WireSize(queue_.Pop());
  status_ = std::move(status);
  ScheduleFlush();
}

// ---- Sending. What a callback of the loop writes is looked at together, in a tick: so a message and the status that
// follows it go out as one.

void GrpcppCall::AllowCompression() {
  if (over_ || status_) return;
  compression_allowed_ = true;
  packs_ = PeerAcceptsGzip(rpc_->context.c_call());
  if (packs_) {
    rpc_->context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  } else {
    // A level, unlike an algorithm, takes what the peer accepts into account: deflate, or nothing.
    rpc_->context.set_compression_level(GRPC_COMPRESS_LEVEL_LOW);
  }
}

void GrpcppCall::SendHeaders(const Metadata& headers) {
  if (over_ || status_) return;
  AddSendable(headers, start_.path,
              [this](const std::string& key, const std::string& value) { rpc_->context.AddInitialMetadata(key, value); });
  headers_wait_ = true;
  ScheduleFlush();
}

bool GrpcppCall::Write(Payload message) {
  // Over: there is no room, and OnDone() comes.
  if (over_ || broken_ || status_) return false;
  buffered_bytes_ += WireSize(message);
  queue_.Push(std::move(message));
  ScheduleFlush();
  full_ = buffered_bytes_ > options_.max_buffered_bytes;
  return !full_;
}

void GrpcppCall::Finish(Status status, const Metadata& trailers) {
  if (over_ || status_) return;
  DropHeld();
  AddSendable(trailers, start_.path,
              [this](const std::string& key, const std::string& value) { rpc_->context.AddTrailingMetadata(key, value); });
  status_ = std::move(status);
  ScheduleFlush();
}

void GrpcppCall::ScheduleFlush() {
  if (flush_scheduled_ || sending_) return;
  flush_scheduled_ = true;
  host_->loop.NextTick([self = Ref<GrpcppCall>(this)] {
    self->flush_scheduled_ = false;
    self->Flush();
  });
}

void GrpcppCall::Flush() {
  if (sending_ || over_ || broken_ || status_started_) return;
  if (!queue_.empty()) {
    if (!IsPacked()) return;
    SendMessage();
  } else if (status_) {
    SendStatus();
  } else if (headers_wait_) {
    sending_ = true;
    ++outstanding_;
    host_->bridge->BeginOperation([this] { rpc_->stream.SendInitialMetadata(headers_sent_.pointer()); });
  }
  headers_wait_ = false;
}

// gRPC would pack messages as well, but each in one go, and so small that it takes ten times as long.
bool GrpcppCall::IsPacked() {
  const Payload& front = queue_.Front();
  if (!packs_ || !front.compressed() || front_is_packed_) return true;
  if (packing_ != nullptr) return false;
  if (!host_->coding_queue.Take(coding::PackingWork(front.view()))) {
    packing_ = std::make_unique<PackingTurn>(*this, front.view(), host_->packing_states);
    host_->coding_queue.Add(*packing_, peer_->coding);
    return false;
  }
  packed_ = coding::Pack(front.view(), host_->packing_states);
  front_is_packed_ = true;
  return true;
}

void GrpcppCall::OnPacked(std::optional<Payload> packed) {
  packing_ = nullptr;
  packed_ = std::move(packed);
  front_is_packed_ = true;
  ScheduleFlush();
}

void GrpcppCall::DropPacked() {
  packing_ = nullptr;
  packed_.reset();
  front_is_packed_ = false;
}

void GrpcppCall::SendMessage() {
  Payload front = queue_.Pop();
  sending_ = true;
  sending_bytes_ = front.size();
  ++outstanding_;
  grpc::WriteOptions options;
  if (compression_allowed_ && (packs_ || !front.compressed())) options.set_no_compression();
  const bool is_gzip = packed_.has_value();
  const grpc::ByteBuffer message = ToByteBuffer(is_gzip ? *std::move(packed_) : std::move(front), is_gzip);
  DropPacked();
  const bool last = queue_.empty() && status_;
  // gRPC sends a message together with a good status only.
  if (last && status_->ok()) {
    status_started_ = true;
    return host_->bridge->BeginOperation([&] { rpc_->stream.WriteAndFinish(message, options, grpc::Status::OK, finished_.pointer()); });
  }
  // Not for the first one: it takes the headers along, and gRPC does not complete them while they are held back, so the
  // next message, which waits for that, would never follow.
  if (headers_out_ && (last || !queue_.empty())) options.set_buffer_hint();
  host_->bridge->BeginOperation([&] { rpc_->stream.Write(message, options, written_.pointer()); });
}

void GrpcppCall::SendStatus() {
  sending_ = true;
  status_started_ = true;
  ++outstanding_;
  host_->bridge->BeginOperation([this] { rpc_->stream.Finish(ToGrpcStatus(*status_), finished_.pointer()); });
}

void GrpcppCall::OnHeadersSent(bool ok) {
  sending_ = false;
  headers_out_ = true;
  broken_ = broken_ || !ok;
  Flush();
}

void GrpcppCall::OnWritten(bool ok) {
  sending_ = false;
  headers_out_ = true;
  broken_ = broken_ || !ok;
  buffered_bytes_ -= sending_bytes_ + Payload::kHeadroom;
  if (ok) {
    ++host_->stats.messages_sent;
    host_->stats.bytes_sent += sending_bytes_;
  }
  sending_bytes_ = 0;
  Flush();
  // Only at half, so that the sink is not woken for each message.
  if (!full_ || broken_ || !open() || buffered_bytes_ > options_.max_buffered_bytes / 2) return;
  full_ = false;
  sink_->OnWritable();
}

void GrpcppCall::OnFinished(bool ok) {
  status_sent_ = ok;
  if (ok && buffered_bytes_ > 0) {
    ++host_->stats.messages_sent;
    host_->stats.bytes_sent += sending_bytes_;
  }
}

// ---- Ending.

void GrpcppCall::OnOver(bool) {
  over_ = true;
  DropHeld();
  DropPacked();
  cancelled_ = rpc_->context.IsCancelled();
}

void GrpcppCall::EndIfDone() {
  if (outstanding_ > 0 || !rpc_) return;
  const Ref<GrpcppCall> keep = std::move(self_);
  const Status outcome = Outcome();
  // First, because the shutdown of gRPC's server waits for it.
  rpc_.reset();
  DropHeld();
  DropPacked();
  start_.slot = nullptr;
  over_ = true;
  CallSink* const sink = std::exchange(sink_, nullptr);
  std::exchange(host_, nullptr)->OnEnd(*this);
  peer_ = nullptr;
  if (sink != nullptr) sink->OnDone(outcome);
}

Status GrpcppCall::Outcome() const {
  if (!fault_.ok()) return fault_;
  if (status_sent_ && !cancelled_) return OkStatus();
  if (PastDeadline()) return DeadlineExceededError("the deadline of " + start_.path + " has passed");
  if (host_->cancelling) return ShuttingDownError();
  return CancelledError("the peer reset " + start_.path + " or went away");
}

bool GrpcppCall::PastDeadline() const {
  return start_.deadline != kNoDeadline && host_->loop.Now() >= start_.deadline - kDeadlineSlack;
}

}  // namespace rota::grpcpp
