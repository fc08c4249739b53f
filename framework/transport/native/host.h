#ifndef ROTA_TRANSPORT_NATIVE_HOST_H_
#define ROTA_TRANSPORT_NATIVE_HOST_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/loop/event_loop.h"
#include "framework/rpc/call_slot.h"
#include "framework/rpc/transport.h"
#include "framework/transport/coding/coding_queue.h"
#include "framework/transport/coding/compression.h"
#include "framework/transport/native/admission_queue.h"
#include "framework/transport/native/output.h"

namespace rota::native {

class Connection;
class NativeCall;

// What connections and calls share: all that there is once for each server.
// Thread: loop.
// Owner:  the server, which outlives its connections. Calls that outlive it do not use it any more.
class Host {
 public:
  Host(EventLoop& loop, const ServerOptions& options) : loop(loop), options(options) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Something has happened that the sink of `call` is to hear: it is delivered after the code that runs now, at the latest
  // before poll sleeps.
  virtual void QueueCall(NativeCall& call) = 0;
  // Delivers what is queued, a few calls here and the rest in callbacks of their own, and sends the answers where many wait, which
  // counts in the budget of the phase. From a callback of the loop, and not from inside of one of nghttp2.
  virtual void DeliverQueued() = 0;
  // `connection` has something to send: it is flushed when the phase is through, or before when much is to be sent.
  virtual void QueueFlush(Connection& connection) = 0;
  // `connection` is over; the host lets go of it.
  virtual void OnClosed(Connection& connection) = 0;

  // From 0 to 1.
  virtual double random() = 0;
  // A call with nothing in it, used before or new.
  virtual Ref<NativeCall> NewCall() = 0;

  EventLoop& loop;
  const ServerOptions options;
  TransportStats stats;
  const Ref<CallCount> running = MakeRef<CallCount>();
  CallAcceptor* acceptor = nullptr;
  // Of peers that come and go.
  AdmissionQueue admission{loop};
  // Of the messages that are compressed: what is much work waits here, and what is little is taken from its room.
  coding::CodingQueue coding_queue{loop};
  coding::PackingStates packing_states;
  // How often a call has had something to send since connections were flushed last.
  size_t unsent = 0;
  // When the connection that is read now began to be.
  TimePoint read_at = {};
  // For one read; what is in it is used up before the next one.
  std::span<uint8_t> read_buffer;
  // For one flush. A connection whose peer is slow takes it along and puts another one here.
  std::unique_ptr<Output> output = std::make_unique_for_overwrite<Output>();
  // Running calls are being cancelled by the server.
  bool cancelling = false;

  // nghttp2 runs, and may call back: nothing above the transport is to be called, as it could come back to nghttp2, which is in the
  // midst of things. Kept where ROTA_DCHECK() looks.
  class Http2Scope {
   public:
#ifdef NDEBUG
    explicit Http2Scope(Host&) {}
#else
    explicit Http2Scope(Host& host) : host_(host) { ++host.http2_depth_; }
    ~Http2Scope() { --host_.http2_depth_; }
    Http2Scope(const Http2Scope&) = delete;
    Http2Scope& operator=(const Http2Scope&) = delete;

   private:
    Host& host_;
#endif
  };
  bool within_http2() const { return http2_depth_ > 0; }

 protected:
  ~Host() = default;

 private:
  int http2_depth_ = 0;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_HOST_H_
