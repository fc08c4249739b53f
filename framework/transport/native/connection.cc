#include "framework/transport/native/connection.h"

#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include "framework/base/clock.h"
#include "framework/base/log.h"
#include "framework/base/settle_heap.h"
#include "framework/loop/context_slot.h"

namespace rota::native {
namespace {

// What one connection may read and write before others have their turn.
constexpr size_t kReadQuota = 256 << 10;
constexpr size_t kWriteQuota = 256 << 10;

// Frames that may wait to be sent while more is read. Fewer than the 1,000 answers to PING and SETTINGS beyond which nghttp2 breaks the
// connection off: what one read brings comes on top.
constexpr size_t kMaxBacklog = 500;

// What a peer gets to take the ends of calls that are cancelled; and then to close its side once all is said. Closing at once would make
// its kernel throw away what it has not read.
constexpr Duration kLinger = std::chrono::milliseconds(500);

}  // namespace

Connection::Connection(Host& host, std::unique_ptr<Socket> socket, std::string peer)
    : host_(host), socket_(std::move(socket)), peer_(std::move(peer)), session_(host, *this, peer_),
      upkeep_(host.options.connections, host.loop.Now(), host.random()), ready_(socket_->IsReady()) {}

void Connection::Start() {
  host_.QueueFlush(*this);
  SetAlarm();
  WaitToRead();
}

// ---- Reading.

void Connection::WaitToRead() {
  // A connection belongs to no request.
  const ContextScope scope(nullptr);
  socket_->WaitReadable([self = Ref<Connection>(this)] { self->OnReadable(); });
}

void Connection::OnReadable() {
  if (settled_ && !output_ended_) return Read();
  if (!over_) host_.admission.Add(*this);
}

void Connection::OnTurn() {
  const Ref<Connection> keep(this);
  if (!closed_) Read();
  if (!closed_) return;
  Close();
  host_.DeliverQueued();
}

void Connection::Read() {
  if (closed_ || IsRefused()) return;
  if (output_ended_) return Discard();
  ++host_.stats.batches;
  host_.read_at = host_.loop.Now();
  upkeep_.OnRead(host_.read_at);
  SetAlarm();
  // Also after an exception of a sink.
  const struct Rest {
    ~Rest() { connection.AfterRead(alive); }
    Connection& connection;
    const bool alive;
  } rest{*this, ReadSome()};
  host_.DeliverQueued();
}

bool Connection::IsRefused() {
  const int error = socket_->error();
  if (error == 0) return false;
  Log(LogLevel::kWarn, "connection_lost", {{"peer", peer_}, {"what", std::string("epoll: ") + std::strerror(error)}});
  GiveUp();
  return true;
}

void Connection::AfterRead(bool alive) {
  if (closed_) return;
  if (!alive) return GiveUp();
  if (!ready_ && socket_->IsReady()) {
    ready_ = true;
    host_.QueueFlush(*this);
  }
  // A peer that sends and does not read is not served on its own account: its frames would pile up here.
  reading_paused_ = waits_to_write_ && session_.backlog() > kMaxBacklog;
  if (!reading_paused_) GoOnReading();
}

void Connection::GoOnReading() {
  if (!socket_->HoldsInput() && !session_.HoldsInput()) return WaitToRead();
  // No readiness tells of the rest.
  if (!settled_) return host_.admission.Add(*this);
  const ContextScope scope(nullptr);
  host_.loop.SetImmediate([self = Ref<Connection>(this)] { self->OnReadable(); });
}

// False: the peer is gone, or does not speak HTTP/2.
bool Connection::ReadSome() {
  if (session_.HoldsInput()) return session_.ReceiveHeld();
  for (size_t total = 0; total < kReadQuota && !session_.HoldsInput() && !closed_;) {
    const Socket::Result result = socket_->Read(host_.read_buffer);
    if (result.bytes > 0 && !session_.Receive(host_.read_buffer.first(result.bytes))) return false;
    if (result.ended) return false;
    if (result.drained) break;
    total += result.bytes;
  }
  return true;
}

void Connection::Discard() {
  for (size_t total = 0; total < kReadQuota;) {
    const Socket::Result result = socket_->Read(host_.read_buffer);
    if (result.ended) return GiveUp();
    if (result.drained) break;
    total += result.bytes;
  }
  WaitToRead();
}

// ---- Writing.

size_t Connection::Flush() {
  if (closed_ || output_ended_ || waits_to_write_ || !ready_) return 0;
  size_t total = 0;
  for (bool more = true; more;) {
    Output& output = *host_.output;
    more = session_.Gather(output);
    if (output.empty()) break;
    total += output.size();
    if (!Send(output)) return total;
    if (total >= kWriteQuota) {
      WaitToWrite();
      return total;
    }
  }
  if (session_.IsOver()) {
    EndOutput();
  } else if (std::exchange(reading_paused_, false)) {
    GoOnReading();
  }
  return total;
}

// False: the rest waits, or the connection is closed.
bool Connection::Send(Output& output) {
  const Socket::Result result = socket_->Write(output.pieces());
  if (result.ended) {
    output.Clear();
    GiveUp();
    return false;
  }
  output.Advance(result.bytes);
  if (!result.full) return true;
  if (blocked_ == nullptr) blocked_ = std::exchange(host_.output, std::make_unique_for_overwrite<Output>());
  WaitToWrite();
  return false;
}

void Connection::WaitToWrite() {
  if (std::exchange(waits_to_write_, true)) return;
  const ContextScope scope(nullptr);
  socket_->WaitWritable([self = Ref<Connection>(this)] { self->OnWritable(); });
}

void Connection::OnWritable() {
  waits_to_write_ = false;
  if (closed_ || IsRefused()) return;
  if (blocked_ != nullptr) {
    if (!Send(*blocked_)) return;
    blocked_.reset();
  }
  host_.QueueFlush(*this);
}

void Connection::Keep(Payload message) {
  (blocked_ != nullptr ? *blocked_ : *host_.output).Keep(std::move(message));
}

// ---- Upkeep.

void Connection::OnCalls(bool any) {
  // Where idleness does not matter, no call reads the clock for it.
  if (closed_ || host_.options.connections.max_idle == kForever) return;
  upkeep_.OnCalls(any, host_.loop.Now());
  SetAlarm();
}

void Connection::SetAlarm() {
  const TimePoint due = upkeep_.due();
  if (due < alarm_.due() && !closed_ && !output_ended_) alarm_.Arm(due);
}

void Connection::OnAlarm() {
  const Ref<Connection> keep(this);
  if (closed_ || output_ended_) return;
  switch (upkeep_.Next(host_.loop.Now())) {
    case Upkeep::Action::kNone:
      break;
    case Upkeep::Action::kPing:
      session_.SendPing();
      break;
    case Upkeep::Action::kDrain:
      session_.BeginDrain();
      break;
    case Upkeep::Action::kEndDrain:
      session_.EndDrain();
      break;
    case Upkeep::Action::kCancel:
      Cancel(UnavailableError("the connection is being ended, and its grace is over"));
      break;
    case Upkeep::Action::kClose:
      return GiveUp();
  }
  SetAlarm();
}

// ---- Ending.

void Connection::EndOutput() {
  if (std::exchange(output_ended_, true)) return;
  // Streams are open only when the connection ends before its calls.
  session_.Close();
  alarm_.Clear();
  socket_->EndOutput();
  Linger();
}

void Connection::Linger() {
  linger_.Clear();
  // Of the connection, not of whoever ends it.
  const ContextScope scope(nullptr);
  linger_ = host_.loop.SetTimeout(kLinger, [self = Ref<Connection>(this)] { self->GiveUp(); });
}

void Connection::BeginDrain() {
  upkeep_.OnDrain(host_.loop.Now());
  SetAlarm();
  session_.BeginDrain();
}

void Connection::Cancel(const Status& why) {
  if (closed_ || output_ended_) return;
  session_.CancelCalls(why);
  session_.EndDrain();
  // It may take nothing, or be in the midst of its handshake.
  if (!linger_.is_armed()) Linger();
}

void Connection::GiveUp() {
  if (!std::exchange(closed_, true)) host_.admission.Add(*this);
}

void Connection::Close() {
  if (std::exchange(over_, true)) return;
  const Ref<Connection> keep(this);
  closed_ = true;
  AdmissionQueue::Remove(*this);
  linger_.Clear();
  alarm_.Clear();
  socket_->Close();
  session_.Close();
  blocked_.reset();
  host_.OnClosed(*this);
  SettleHeap();
}

}  // namespace rota::native
