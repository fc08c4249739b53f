#ifndef ROTA_TESTING_IN_PROCESS_TRANSPORT_H_
#define ROTA_TESTING_IN_PROCESS_TRANSPORT_H_

#include <cstddef>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/loop/event_loop.h"
#include "framework/rpc/server_life.h"
#include "framework/rpc/transport.h"

namespace rota {

class InProcessServer;

// One call, seen from both ends: the test is the peer, which does what it is told and keeps what it gets. What the peer does
// reaches the server in the next check phase, in order. Use of a call that is over, and a second Finish(), stop the process.
// Thread: loop.
// Owner:  references; the server holds one while the call runs.
class InProcessCall final : public RefCounted, private Call {
 public:
  static constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

  // ---- What the peer does.

  void Send(std::string_view message);
  void HalfClose();
  // Ends the call as if the peer had reset it, or as `status` says.
  void Cancel(Status status = CancelledError("the peer cancelled the call"));
  // The peer takes `messages` more from now on; what is written beyond waits, and the server is told that it is full.
  void SetRoom(size_t messages);

  // ---- What the peer has seen.

  const std::optional<Metadata>& headers() const { return headers_; }
  const std::vector<std::string>& messages() const { return messages_; }
  const std::optional<Status>& status() const { return status_; }
  const Metadata& trailers() const { return trailers_; }

  // ---- What goes on between.

  // Messages that the peer has sent and the server has no credit for.
  size_t unread() const { return to_server_.size(); }
  // Messages that the server has written and the peer has no room for.
  size_t untaken() const { return to_peer_.size(); }
  // OnDone() has returned.
  bool done() const { return done_; }

 private:
  friend class InProcessServer;

  InProcessCall(InProcessServer& server, CallStart start) : server_(server), start_(std::move(start)) {}

  CallStart& start() override { return start_; }
  void AddReadCredit(uint32_t messages) override;
  void SendHeaders(const Metadata& headers) override;
  bool Write(Payload message) override;
  void Finish(Status status, const Metadata& trailers) override;

  void Begin(CallAcceptor& acceptor);
  // Brings the server what happened since.
  void Schedule();
  void Deliver();
  void Flush();
  void End(const Status& status);

  // Constant after construction.
  InProcessServer& server_;
  CallStart start_;

  CallSink* sink_ = nullptr;
  bool scheduled_ = false;
  bool done_ = false;

  // From the peer.
  std::deque<std::string> to_server_;
  uint64_t credit_ = 0;
  bool half_close_sent_ = false;
  bool half_close_told_ = false;
  std::optional<Status> cancelled_;

  // From the server.
  std::deque<std::string> to_peer_;
  size_t room_ = kNoLimit;
  bool full_ = false;
  std::optional<Status> finished_;
  Metadata finished_trailers_;

  std::optional<Metadata> headers_;
  std::vector<std::string> messages_;
  std::optional<Status> status_;
  Metadata trailers_;
};

// A transport without sockets, so that whatever stands on the seam is tested under the manual clock with one outcome.
// Thread: loop.
// Owner:  the test. What runs when it is destroyed ends with UNAVAILABLE.
class InProcessServer final : public Server {
 public:
  // `keeps_alive`: as other transports do, from Listen() to the end of Drain(). Without it EventLoop::Run() returns as
  // soon as nothing goes on, which is how a test waits for that.
  explicit InProcessServer(EventLoop& loop, bool keeps_alive = false) : loop_(loop), keeps_alive_(keeps_alive) {}
  ~InProcessServer() override;

  // Opens a call as a peer would. After Drain() it ends with UNAVAILABLE.
  Ref<InProcessCall> StartCall(CallStart start);
  // The same for `path` alone.
  Ref<InProcessCall> StartCall(std::string path) { return StartCall(CallStart{.path = std::move(path), .authority = "in-process", .peer = "in-process:1", .metadata = {}}); }

  StatusOr<std::vector<std::string>> Listen(const std::vector<std::string>& addresses, CallAcceptor& acceptor) override;
  void Drain(Duration grace, Callback done) override { life_.Drain(grace, std::move(done)); }
  const TransportStats& stats() const override { return stats_; }

 private:
  friend class InProcessCall;

  void CancelAll(const Status& status);
  void OnEnd(InProcessCall& call);
  void EndDrainIfEmpty();

  // Constant after construction.
  EventLoop& loop_;
  const bool keeps_alive_;

  CallAcceptor* acceptor_ = nullptr;
  std::vector<Ref<InProcessCall>> calls_;
  TransportStats stats_;
  Immediate drain_check_;
  ServerLife life_{loop_,
                   {.begin_drain = [this] { drain_check_ = loop_.SetImmediate([this] { EndDrainIfEmpty(); }); },
                    .cancel_calls = [this] { CancelAll(ShuttingDownError()); }}};
};

}  // namespace rota

#endif  // ROTA_TESTING_IN_PROCESS_TRANSPORT_H_
