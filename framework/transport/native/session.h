#ifndef ROTA_TRANSPORT_NATIVE_SESSION_H_
#define ROTA_TRANSPORT_NATIVE_SESSION_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/transport/native/field_cache.h"
#include "framework/transport/native/field_cutter.h"
#include "framework/transport/native/fixed_blocks.h"
#include "framework/transport/native/flood_guard.h"
#include "framework/transport/native/frame_scanner.h"
#include "framework/transport/native/host.h"
#include "framework/transport/native/native_call.h"
#include "framework/transport/native/output.h"
#include "framework/transport/native/stream_history.h"
#include "framework/transport/native/window_tuner.h"

namespace rota::native {

// What a session needs of the connection that carries its bytes.
class SessionOwner {
 public:
  // There may be something to Gather().
  virtual void OnOutput() = 0;
  // Keeps memory until what was gathered so far is written.
  virtual void Keep(Payload message) = 0;
  // Sends now what there is, as far as the socket takes it. Not from a callback of nghttp2. The connection may be over then.
  virtual void FlushNow() = 0;
  // The peer has sent its preface and settings.
  virtual void OnReady() = 0;
  // The peer has acknowledged settings of ours.
  virtual void OnSettled() = 0;
  // A header block has begun whose end is not in what has come so far; or the one of which this was said is whole, and no such
  // other one has begun. A block of which all comes at once is not told.
  virtual void OnBlock(bool open) = 0;
  // The first call has been opened, or the last one closed.
  virtual void OnCalls(bool any) = 0;
  // The peer has sent a PING; false when it sends too many. `sent` as Upkeep::OnPing() wants it.
  virtual bool OnPing(bool sent) = 0;

 protected:
  ~SessionOwner() = default;
};

// HTTP/2 on one connection: nghttp2 and the calls of its streams.
// Thread: loop. The callbacks of nghttp2 only note things in calls; nothing above the transport runs in them.
// Owner:  the connection.
class Session final : private CallWire {
 public:
  Session(Host& host, SessionOwner& owner, const std::string& peer);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Takes what the peer has sent. False: it does not speak HTTP/2, and the connection is to be closed.
  bool Receive(std::span<uint8_t> bytes);
  // So that no peer holds up the others, calls are begun so many at a time; and small frames, and header fields that nobody wants,
  // which are cheap to send and have to be decoded all the same for the state of the header compression, are taken a little at a
  // time. What Receive() has put off is to go first, when others have had a turn.
  bool HoldsInput() const { return put_off_at_ < put_off_.size() || (cutter_ != nullptr && cutter_->HoldsInput()); }
  bool ReceiveHeld();
  // Appends what is to be sent until `output` is full; returns whether there may be more. Nothing of it is given twice.
  // A broken session has no more to send.
  bool Gather(Output& output);
  // Nothing is left to be said or heard.
  bool IsOver() const;
  // How many frames wait to be gathered.
  size_t backlog() const { return nghttp2_session_get_outbound_queue_size(session_.get()); }

  // Tells the peer that the connection is about to end (GOAWAY without a last stream, and a PING); once the peer has heard
  // of it, or at EndDrain(), says which stream was the last one (RFC 9113, section 6.8).
  void BeginDrain();
  void EndDrain();
  // Asks for a sign of life.
  void SendPing();
  // Ends all calls with `why`, without waiting for the peer to take what they have written.
  void CancelCalls(const Status& why);
  // The connection is gone: ends all calls.
  void Close();

 private:
  struct Callbacks;

  NativeCall* Find(int32_t stream_id);
  // Whether the peer may send such a frame on `stream_id` now, by StreamHistory. Asked before nghttp2 has the frame, and those
  // before it that came with it. Hides it from nghttp2, by its type, where it is to have no effect.
  bool IsAllowed(uint8_t& type, int32_t stream_id);
  // Its parts, out of the way of DATA.
  [[gnu::noinline]] bool AllowsHeaders(int32_t stream_id);
  [[gnu::noinline]] void HearReset(uint8_t& type, int32_t stream_id);
  // Gives them to nghttp2, as many as one turn has room for. False, here and below: it is no HTTP/2.
  bool Feed(std::span<const uint8_t> bytes);
  // The same with some of what was scanned, while cutter_ has it. Seldom: kept out of the way of what is not.
  [[gnu::noinline]] bool FeedCut();
  [[gnu::noinline]] void BeginCutting();
  void TellOfBlock();
  void AfterInput();
  // Keeps what ReceiveHeld() is to go on with.
  void PutOff(std::span<const uint8_t> rest);
  // Both return what nghttp2 expects of the callback: 0, or what to do about the fields that follow.
  int OnBeginHeaders(int32_t stream_id);
  int OnField(int32_t stream_id, nghttp2_rcbuf* name, nghttp2_rcbuf* value);
  // Answers the call whose fields are too long, at once, so that nghttp2 has no stream any more to judge the rest of them for.
  void RefuseFields();
  void OnFrame(const nghttp2_frame& frame);
  void OnFrameSent(const nghttp2_frame& frame);
  // Charges a frame that costs much and carries nothing.
  bool IsTolerable(const nghttp2_frame& frame);
  // Ends the connection after this.
  void Terminate(uint32_t error_code, std::string_view why);
  void OnStreamClose(int32_t stream_id);

  void QueueSubmit(NativeCall& call) override;
  void GiveCredit(NativeCall& call, size_t bytes) override;
  void LetGo(size_t bytes) override;
  void ResetStream(NativeCall& call, uint32_t error_code) override;
  const Ref<CallCount>& running() const override { return running_; }
  coding::CodingQueue::Peer& coding_peer() override { return coding_peer_; }
  void Keep(Payload message) override { owner_.Keep(std::move(message)); }
  void SubmitCalls();
  // A frame of nghttp2, and what it does not know of.
  void CopyFrame(const uint8_t* frame, size_t size, Output& output);
  void OnPong(const uint8_t* payload);
  // Lets the peer send as much as has come, unless too much of it is held.
  void ReturnWindow();

  // Constant after construction.
  Host& host_;
  SessionOwner& owner_;
  const std::string& peer_;

  struct Delete {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };
  std::unique_ptr<nghttp2_session, Delete> session_;
  coding::CodingQueue::Peer coding_peer_;
  std::vector<Ref<NativeCall>> calls_;
  std::vector<Ref<NativeCall>> to_submit_;
  // The last stream that was looked up: frames of one stream often come together.
  int32_t last_stream_id_ = 0;
  NativeCall* last_call_ = nullptr;
  NativeCall* fields_of_ = nullptr;  // Whose header fields come in; null for those nobody wants.
  size_t fields_left_ = 0;           // What they may come to, where they are trailers.
  bool fields_too_long_ = false;     // RefuseFields() is due.
  bool passing_over_ = false;        // The rest of a header block is decoded and no more.
  size_t calls_begun_ = 0;           // In this turn.
  size_t bytes_at_once_ = 0;         // What one turn takes of the bytes that were read last: those of kFramesAtOnce.
  std::vector<uint8_t> put_off_;     // From put_off_at_ on.
  size_t put_off_at_ = 0;
  FieldCache field_cache_;
  HeaderTable table_;
  StreamHistory history_;
  FrameScanner scanner_;
  std::unique_ptr<FieldCutter> cutter_;  // While a header block of several frames comes in.
  uint64_t blocks_ = 0;      // Header blocks that have begun.
  uint64_t open_block_ = 0;  // The one that the owner takes for open; 0: none.
  FloodGuard guard_;
  WindowTuner tuner_;
  const Ref<CallCount> running_ = MakeRef<CallCount>();
  size_t unreturned_ = 0;  // Bytes of the connection's window to give back.
  size_t held_ = 0;        // Bytes that calls hold.
  bool drain_begun_ = false;
  bool drain_ended_ = false;
  bool ready_ = false;
  bool sent_since_ping_ = false;
  bool terminated_ = false;
  bool broken_ = false;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_SESSION_H_
