#include "framework/transport/native/native_call.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <utility>

#include "framework/base/check.h"
#include "framework/rpc/server_life.h"

namespace rota::native {
namespace {

// A client gives up by its own clock, and its reset may come here before the deadline counted from the arrival of the
// request: what ends this close to the deadline ran out of time.
constexpr Duration kDeadlineSlack = std::chrono::milliseconds(10);

// Credit is given back in steps, so that not every message costs a frame.
constexpr size_t kCreditStep = 16 << 10;

// True until the end of the scope, however it ends.
class Delivering {
 public:
  explicit Delivering(bool& flag) : flag_(flag) { flag_ = true; }
  ~Delivering() { flag_ = false; }
  Delivering(const Delivering&) = delete;

 private:
  bool& flag_;
};

}  // namespace

// ---- From the session. No sink is called here.

void NativeCall::Open(Host& host, CallWire& wire, int32_t stream_id, const std::string& peer) {
  host_ = &host;
  wire_ = &wire;
  stream_id_ = stream_id;
  start_.peer = peer;
  start_.arrived = host.read_at;
  headers_.Reset(kMaxHeaderBytes);
  framer_.Reset(host.options.max_message_bytes);
  response_.Reset(host.stats);
}

bool NativeCall::OnHeadersEnd(bool remote_end) {
  // It was refused in the midst of its fields.
  if (refused_) return true;
  // Nobody is to hear of a malformed request.
  if (!headers_.End() || (remote_end && !headers_.IsBodyWhole())) return false;
  if (std::optional<RequestHeaders::Refusal> refusal = headers_.Judge(start_)) {
    if (refusal->http_status == 200) {
      Refuse(std::move(refusal->status));
      return true;
    }
    // Once the request is complete: it may still turn out to be malformed.
    refused_ = true;
    ++host_->stats.calls_refused;
    response_.SetHttpError(refusal->http_status, std::string(refusal->status.message()));
    return true;
  }
  if (headers_.timeout()) start_.deadline = After(start_.arrived, *headers_.timeout());
  host_->QueueCall(*this);
  return true;
}

bool NativeCall::OnBytes(std::span<const uint8_t> bytes) {
  unreturned_ += bytes.size();
  held_ += bytes.size();
  const bool well_formed = headers_.AddBody(bytes.size());
  // What nobody will hear of any more is not put together.
  if (!well_formed || refused_ || !fault_.ok() || is_finished()) {
    LetGo(held_);
    return well_formed;
  }
  while (std::optional<MessageFramer::Message> message = framer_.Next(bytes)) TakeMessage(*std::move(message));
  if (IsWanted()) LetGo(held_);
  if (!framer_.error().ok()) Fault(framer_.error());
  if (IsWanted() && unreturned_ >= kCreditStep) GiveCredit();
  return true;
}

void NativeCall::TakeMessage(MessageFramer::Message message) {
  if (message.compressed) {
    if (headers_.encoding() == Encoding::kIdentity) {
      return Fault(InternalError("a message is compressed, but grpc-encoding does not say how"));
    }
    // Unpacked when the sink takes it: until then it holds no more memory than flow control has let in.
    message.payload.set_compressed(true);
  }
  if (!fault_.ok()) return;
  received_.Push(std::move(message.payload));
  if (credit_ > 0 || !begun_) host_->QueueCall(*this);
}

bool NativeCall::OnRemoteEnd() {
  if (!headers_.IsBodyWhole()) return false;
  remote_ended_ = true;
  if (refused_) {
    wire_->QueueSubmit(*this);
  } else if (framer_.within_message()) {
    Fault(InternalError("the stream ends within a message"));
  } else {
    host_->QueueCall(*this);
  }
  return true;
}

void NativeCall::OnClosed() {
  response_.OnClosed();
  DropMessages();
  // Nobody will hear of these. What has not come to an end is to keep no memory while the call waits to be let go of.
  received_.Clear();
  framer_.Reset(0);
  LetGo(held_);
  wire_ = nullptr;
  // Here, where the peer cannot know of the end yet, and not when the sink is told: a peer that keeps as many streams open as it may
  // opens the next one as soon as it has seen the end of one.
  start_.slot = nullptr;
  host_->QueueCall(*this);
}

void NativeCall::Cancel(const Status& why) {
  if (wire_ == nullptr || response_.end_begun()) return;
  // It has been answered in this iteration, and nothing of that was tried yet.
  if (response_.has_status() && submit_queued) return;
  if (response_.is_http_error()) return wire_->ResetStream(*this, NGHTTP2_CANCEL);
  if (refused_) return;
  if (!headers_.ended()) {
    refused_ = true;
    ++host_->stats.calls_refused;
    response_.SetStatus(why, Metadata(), start_.path);
    return wire_->ResetStream(*this, NGHTTP2_REFUSED_STREAM);
  }
  if (!begun_) return Refuse(why);
  // In the place of the sink, which hears of it by OnDone(). What has run out of time would have ended anyway.
  fault_ = IsPastDeadline() ? PastDeadlineError() : why;
  DropMessages();
  if (response_.within_message()) {
    if (fault_.code() == why.code()) fault_ = CancelledError(std::string(why.message()));
    return wire_->ResetStream(*this, NGHTTP2_CANCEL);
  }
  response_.SetStatus(fault_, Metadata(), start_.path);
  wire_->QueueSubmit(*this);
}

void NativeCall::LetGo(size_t bytes) {
  bytes = std::min(bytes, held_);
  held_ -= bytes;
  wire_->LetGo(bytes);
}

void NativeCall::DropMessages() {
  unpacking_ = nullptr;
  waiting_ = nullptr;
  if (std::optional<Payload> sent_in_part = response_.DropMessages()) wire_->Keep(*std::move(sent_in_part));
}

void NativeCall::OnRoom() {
  // Only at half, so that the sink is not woken for each message.
  if (!full_ || unsent_bytes() > host_->options.max_buffered_bytes / 2) return;
  full_ = false;
  writable_due_ = true;
  host_->QueueCall(*this);
}

void NativeCall::Fault(Status status) {
  if (fault_.ok()) fault_ = std::move(status);
  host_->QueueCall(*this);
}

// Answers what never becomes a call of the sink.
void NativeCall::Refuse(Status status) {
  refused_ = true;
  ++host_->stats.calls_refused;
  response_.SetStatus(std::move(status), Metadata(), start_.path);
  wire_->QueueSubmit(*this);
}

// ---- To the sink.

void NativeCall::Deliver() {
  ROTA_DCHECK(!host_->within_http2(), "a sink is told in a callback of nghttp2");
  if (delivering_) return;
  if (!begun_ && !Begin()) return;
  DeliverEvents();
  if (wire_ != nullptr) return;
  CallSink* const sink = std::exchange(sink_, nullptr);
  if (sink == nullptr) return;
  ++host_->stats.calls_done;
  sink->OnDone(Outcome());
}

bool NativeCall::Begin() {
  // The peer took it back before anybody heard of it.
  if (refused_ || wire_ == nullptr) return false;
  if (host_->running->count() >= host_->options.max_concurrent_calls) {
    Refuse(ResourceExhaustedError("more than " + std::to_string(host_->options.max_concurrent_calls) + " calls at once"));
    return false;
  }
  begun_ = true;
  start_.slot = MakeRef<CallSlot>(host_->running, wire_->running());
  ++host_->stats.calls_started;
  const Delivering scope(delivering_);
  CallSink* const sink = host_->acceptor->OnCall(*this);
  ROTA_CHECK(sink != nullptr, "CallAcceptor::OnCall() returned no sink");
  sink_ = sink;
  return true;
}

void NativeCall::DeliverEvents() {
  const Delivering scope(delivering_);
  while (Hears() && credit_ > 0 && !received_.empty() && IsUnpacked()) {
    --credit_;
    Payload message = received_.Pop();
    if (!std::exchange(front_unpacked_, false)) LetGo(message.size() + Payload::kHeadroom);
    ++host_->stats.messages_received;
    host_->stats.bytes_received += message.size();
    sink_->OnMessage(std::move(message));
  }
  // What is wrong behind a message that is still being unpacked waits for that.
  if (Hears() && !fault_.ok() && unpacking_ == nullptr) {
    // In the place of the sink, which hears of it by OnDone().
    DropMessages();
    if (response_.within_message()) return wire_->ResetStream(*this, NGHTTP2_INTERNAL_ERROR);
    response_.SetStatus(fault_, Metadata(), start_.path);
    return wire_->QueueSubmit(*this);
  }
  if (Hears() && remote_ended_ && received_.empty() && !half_close_told_) {
    half_close_told_ = true;
    sink_->OnHalfClose();
  }
  if (Hears() && std::exchange(writable_due_, false)) sink_->OnWritable();
  if (!Hears() || !IsWanted()) return;
  LetGo(held_);
  if (unreturned_ >= kCreditStep) GiveCredit();
}

void NativeCall::GiveCredit() {
  if (remote_ended_) return;
  wire_->GiveCredit(*this, std::exchange(unreturned_, 0));
}

bool NativeCall::IsPastDeadline() const {
  return start_.deadline != kNoDeadline && host_->loop.Now() >= start_.deadline - kDeadlineSlack;
}

Status NativeCall::PastDeadlineError() const { return DeadlineExceededError("the deadline of " + start_.path + " has passed"); }

Status NativeCall::Outcome() const {
  if (!fault_.ok()) return fault_;
  if (response_.end_sent()) return OkStatus();
  if (IsPastDeadline()) return PastDeadlineError();
  if (host_->cancelling) return ShuttingDownError();
  return CancelledError("the peer reset " + start_.path + " or went away");
}

// ---- From the sink.

void NativeCall::AddReadCredit(uint32_t messages) {
  credit_ += messages;
  if (delivering_ || wire_ == nullptr || messages == 0) return;
  // Not here: the sink does not expect a message while it is calling.
  if (!received_.empty()) return host_->QueueCall(*this);
  LetGo(held_);
  if (unreturned_ >= kCreditStep) GiveCredit();
}

void NativeCall::AllowCompression() {
  if (headers_.accepts_gzip()) response_.AllowGzip();
}

void NativeCall::SendHeaders(const Metadata& headers) {
  if (wire_ == nullptr || is_finished()) return;
  response_.SetHeaders(headers, start_.path);
  wire_->QueueSubmit(*this);
}

bool NativeCall::Write(Payload message) {
  // Over: there is no room, and OnDone() comes.
  if (wire_ == nullptr || is_finished()) return false;
  const bool waits = waiting_ != nullptr, packs = response_.Packs(message);
  if (waits || (packs && !host_->coding_queue.Take(coding::PackingWork(message.view())))) {
    if (!waits) waiting_ = std::make_unique<Waiting>();
    waiting_->bytes += message.size() + Payload::kHeadroom;
    waiting_->messages.Push(std::move(message));
    if (!waits) QueuePacking();
  } else {
    if (packs) {
      std::optional<Payload> packed = coding::Pack(message.view(), host_->packing_states);
      SendPacked(std::move(message), std::move(packed));
    } else {
      response_.Push(std::move(message));
    }
    wire_->QueueSubmit(*this);
  }
  full_ = unsent_bytes() > host_->options.max_buffered_bytes;
  return !full_;
}

void NativeCall::Finish(Status status, const Metadata& trailers) {
  if (wire_ == nullptr || is_finished()) return;
  if (status.code() == StatusCode::kDeadlineExceeded && IsPastDeadline()) {
    // The peer has given up, and may take no more of what waits.
    DropMessages();
    if (response_.within_message()) {
      response_.SetStatus(std::move(status), Metadata(), start_.path);
      return wire_->ResetStream(*this, NGHTTP2_CANCEL);
    }
  }
  // The sink hears no more messages.
  unpacking_ = nullptr;
  if (waiting_ != nullptr) {
    waiting_->finish.emplace(std::move(status), trailers);
    return;
  }
  response_.SetStatus(std::move(status), trailers, start_.path);
  wire_->QueueSubmit(*this);
}

// ---- Messages that wait to be unpacked or packed.

bool NativeCall::IsUnpacked() {
  const Payload& message = received_.Front();
  if (!message.compressed() || front_unpacked_) return true;
  if (unpacking_ != nullptr) return false;
  const size_t limit = host_->options.max_message_bytes;
  if (!host_->coding_queue.Take(coding::UnpackingWork(message.view(), limit))) {
    unpacking_ = std::make_unique<UnpackingTurn>(*this, message.view(), limit);
    host_->coding_queue.Add(*unpacking_, wire_->coding_peer());
    return false;
  }
  EndUnpacking(coding::Unpack(message.view(), limit));
  // It may be well where fault_ is not: that is about what came behind it.
  return front_unpacked_;
}

void NativeCall::EndUnpacking(StatusOr<Payload> plain) {
  LetGo(received_.Front().size() + Payload::kHeadroom);
  if (plain.ok()) {
    received_.Front() = *std::move(plain);
    received_.Front().set_compressed(true);
    front_unpacked_ = true;
  } else {
    // Before what is wrong behind it; and what follows is not heard.
    fault_ = std::move(plain).status();
    received_.Clear();
  }
}

void NativeCall::OnUnpacked(StatusOr<Payload> plain) {
  unpacking_ = nullptr;
  EndUnpacking(std::move(plain));
  host_->QueueCall(*this);
}

void NativeCall::SendPacked(Payload message, std::optional<Payload> packed) {
  const bool is_shorter = packed.has_value();
  response_.Push(is_shorter ? *std::move(packed) : std::move(message), is_shorter);
}

void NativeCall::QueuePacking() {
  waiting_->packing.emplace(*this, waiting_->messages.Front().view(), host_->packing_states);
  host_->coding_queue.Add(*waiting_->packing, wire_->coding_peer());
}

void NativeCall::OnPacked(std::optional<Payload> packed) {
  waiting_->packing.reset();
  SendPacked(PopWaiting(), std::move(packed));
  while (!waiting_->messages.empty() && !response_.Packs(waiting_->messages.Front())) response_.Push(PopWaiting());
  if (!waiting_->messages.empty()) {
    QueuePacking();
  } else {
    if (waiting_->finish) response_.SetStatus(std::move(waiting_->finish->first), waiting_->finish->second, start_.path);
    waiting_ = nullptr;
  }
  wire_->QueueSubmit(*this);
  OnRoom();
}

Payload NativeCall::PopWaiting() {
  Payload message = waiting_->messages.Pop();
  waiting_->bytes -= message.size() + Payload::kHeadroom;
  return message;
}

void NativeCall::Clear() {
  host_ = nullptr;
  wire_ = nullptr;
  sink_ = nullptr;
  start_.path.clear();
  start_.authority.clear();
  start_.metadata.Clear();
  start_.deadline = kNoDeadline;
  start_.slot = nullptr;
  unpacking_ = nullptr;
  waiting_ = nullptr;
  received_.Clear();
  credit_ = unreturned_ = held_ = 0;
  fault_ = OkStatus();
  begun_ = refused_ = delivering_ = remote_ended_ = half_close_told_ = full_ = writable_due_ = false;
  front_unpacked_ = false;
  submit_queued = delivery_queued = false;
}

}  // namespace rota::native
