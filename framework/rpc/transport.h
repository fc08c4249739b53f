#ifndef ROTA_RPC_TRANSPORT_H_
#define ROTA_RPC_TRANSPORT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "framework/base/callback.h"
#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/base/status_or.h"
#include "framework/context/metadata.h"
#include "framework/rpc/payload.h"

// The seam between the RPC layer and what turns bytes into calls. It knows bytes and calls, nothing of HTTP/2, gRPC or
// protobuf. Everything here runs on the loop thread.
namespace rota {

// What the peer said when it opened a call.
struct CallStart {
  std::string path;  // "/files.v1.Files/Stat"
  std::string authority;
  std::string peer;  // "127.0.0.1:50412"
  Metadata metadata;
  TimePoint deadline = kNoDeadline;
  // When its first bytes were read, or a little earlier; the epoch: the transport does not say. Spares a reading of the clock.
  TimePoint arrived = {};
  // What the call takes up at its transport for as long as anybody refers to it: the transport until the end of the call is on
  // its way to the peer, and the RPC layer for as long as a handler runs, which may be long after OnDone(). A transport that counts
  // by these does not begin more calls than there may be handlers, however fast a peer opens and resets them. Null where nothing
  // is counted.
  Ref<RefCounted> slot = {};
};

// Hears of one call. Belongs to the RPC layer.
// Order: messages as the peer sent them, then OnHalfClose(); OnDone() exactly once, and nothing after it.
class CallSink {
 public:
  // One message, for one unit of read credit.
  virtual void OnMessage(Payload message) = 0;
  // The peer sends no more messages.
  virtual void OnHalfClose() = 0;
  // After a Write() that returned false: there is room again.
  virtual void OnWritable() = 0;
  // The call is over. OK: all that was written and the status of Finish() went to the peer. CANCELLED: the peer reset the
  // call or went away. DEADLINE_EXCEEDED: it ran out of time. UNAVAILABLE: the server ends it, because it shuts down or ends the
  // connection. Other codes: what the peer or the wire broke. The transport has told the peer of these, if the peer listens. The sink
  // may destroy itself here; the call is destroyed after it.
  virtual void OnDone(const Status& status) = 0;

 protected:
  ~CallSink() = default;
};

// One RPC on the wire, as the RPC layer handles it.
// Owner: the transport, until OnDone() has returned. No call may be used after that.
class Call {
 public:
  // What the peer said. The RPC layer may move the metadata out of it.
  virtual CallStart& start() = 0;

  // The peer may send `messages` more. A call begins without credit.
  virtual void AddReadCredit(uint32_t messages) = 0;
  // Messages may be marked Payload::compressed(): the headers name an encoding that the peer takes, if there is one. Before
  // SendHeaders() and the first Write(). Without it, and on a transport that cannot, all goes as it is.
  virtual void AllowCompression() {}
  // Sends the initial metadata, once and before anything else; left out, it goes empty with the first Write() or
  // together with Finish().
  virtual void SendHeaders(const Metadata& headers) = 0;
  // Queues one message, always. False: the queue is full now; the next Write() should wait for OnWritable().
  virtual bool Write(Payload message) = 0;
  // Ends the call, once, after what was written. Nothing may follow but OnDone(). It does not read what the peer
  // still sends.
  virtual void Finish(Status status, const Metadata& trailers) = 0;

 protected:
  ~Call() = default;
};

// Takes the calls of a server.
class CallAcceptor {
 public:
  // Returns what hears of `call`, from here on; it must not be null. The sink may finish the call in here.
  virtual CallSink* OnCall(Call& call) = 0;

 protected:
  ~CallAcceptor() = default;
};

// What a transport counts, in plain integers of the loop thread.
struct TransportStats {
  uint64_t calls_started = 0;
  uint64_t calls_done = 0;
  // Refused by the transport itself: too many calls, or the server drains.
  uint64_t calls_refused = 0;
  uint64_t messages_received = 0;
  uint64_t messages_sent = 0;
  uint64_t bytes_received = 0;  // of messages
  uint64_t bytes_sent = 0;
  uint64_t batches = 0;  // hand-overs to the loop; messages per batch show how well they are bundled

  uint64_t calls_in_flight() const { return calls_started - calls_done; }
};

// Files in PEM. All empty: plain text.
struct TlsFiles {
  std::string certificate;  // of the server, with the chain
  std::string key;
  // If given, a client must show a certificate that one of these signed.
  std::string client_ca;

  bool enabled() const { return !certificate.empty() || !key.empty() || !client_ca.empty(); }
};

// No limit.
inline constexpr Duration kForever = Duration::max();

// How long connections live. The defaults are those of gRPC.
// On grpcpp gRPC C++ 1.51 sees to them, in whole milliseconds, and differs in some of them: it asks a peer without calls for signs of
// life only if that may do the same (pings_without_calls); the GOAWAY of a connection that was idle says INTERNAL_ERROR; and a call that
// outlasts max_age_grace ends with its connection, which is UNAVAILABLE for a client and CANCELLED for its handler.
// Source: https://github.com/grpc/grpc/blob/master/doc/keepalive.md.
struct ConnectionOptions {
  // A peer from which nothing has come for this long is asked for a sign of life, and its connection is closed when none comes
  // within the time-out.
  Duration keepalive_time = std::chrono::hours(2);
  Duration keepalive_timeout = std::chrono::seconds(20);
  // A peer that asks for signs of life more often than this, while it gets nothing else, is told to go: ENHANCE_YOUR_CALM,
  // "too_many_pings". Without calls it may ask every two hours, unless it may then as often as with calls.
  Duration min_ping_interval = std::chrono::minutes(5);
  bool pings_without_calls = false;
  // A connection without calls for this long is ended.
  Duration max_idle = kForever;
  // A connection that is this old, give or take a tenth, is ended: it takes no new calls, and its peer opens another one. What
  // runs may go on for the grace; the rest is ended with UNAVAILABLE.
  Duration max_age = kForever;
  Duration max_age_grace = kForever;
  // What a peer gets to say that it speaks the protocol; and, each time, for the header fields of a call from the first byte to the last.
  Duration handshake_timeout = std::chrono::seconds(20);
};

// A connection has no more streams at once, nor more calls, those included that its peer has reset while their handlers run;
// gRPC C++ may begin some more before it tells of the ends of others.
inline constexpr uint32_t kMaxCallsOfConnection = 1000;

// The header fields of a call may have so many bytes, counted as in RFC 9113, section 6.5.2; more end it with RESOURCE_EXHAUSTED "the header
// fields are larger than the limit of N".
inline constexpr uint32_t kMaxHeaderBytes = 16 << 10;

struct ServerOptions {
  // A longer message ends its call with RESOURCE_EXHAUSTED "message of N bytes is larger than the limit of M".
  size_t max_message_bytes = 4 << 20;
  // Calls beyond are refused with RESOURCE_EXHAUSTED "more than N calls at once". A call that is over counts on while its
  // handler runs, where the transport gives out slots.
  size_t max_concurrent_calls = 10000;
  // Write() returns false while more than this waits to be sent in one call.
  size_t max_buffered_bytes = 256 << 10;
  // For every address.
  TlsFiles tls = {};
  ConnectionOptions connections = {};
};

// Accepts calls. Keeps the loop alive from Listen() to the end of Drain().
// Owner: the runtime. Destroyed on the loop thread; it ends what still runs.
class Server {
 public:
  virtual ~Server() = default;

  // Starts to serve on each of `addresses` ("HOST:PORT", port 0 picks a free one), once. Returns the bound addresses in the
  // same order. Errors: the first address that cannot be bound, named in the message, and nothing stays open. `acceptor`
  // must outlive the server.
  virtual StatusOr<std::vector<std::string>> Listen(const std::vector<std::string>& addresses, CallAcceptor& acceptor) = 0;
  // Stops accepting, lets running calls finish for at most `grace`, ends the rest, for which their peers see UNAVAILABLE, then calls
  // `done` on the loop, once.
  // Never blocks. A second Drain() shortens the grace of the first, which keeps its `done`.
  virtual void Drain(Duration grace, Callback done) = 0;
  // Gives a part of the memory that is kept for calls to come back to the heap, in far less than a millisecond; true while there is
  // more. For when next to nothing goes on.
  virtual bool Trim() { return false; }
  virtual const TransportStats& stats() const = 0;
};

}  // namespace rota

#endif  // ROTA_RPC_TRANSPORT_H_
