#include "framework/transport/grpcpp/grpcpp_server.h"

#include <grpc/grpc.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "framework/base/ref.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/hooks.h"
#include "framework/rpc/server_life.h"
#include "framework/transport/grpcpp/bridge.h"
#include "framework/transport/grpcpp/calls_by_peer.h"
#include "framework/transport/grpcpp/connection_cutter.h"
#include "framework/transport/grpcpp/credentials.h"
#include "framework/transport/grpcpp/grpc_log.h"
#include "framework/transport/grpcpp/grpcpp_call.h"
#include "framework/transport/grpcpp/listen_address.h"
#include "framework/transport/grpcpp/queues.h"

namespace rota {
namespace grpcpp {
namespace {

// How many calls gRPC may begin before the loop comes to ask for more; others wait inside of gRPC.
constexpr size_t kRequestedCalls = 128;
// With those that have come and wait for their turn: all that 64 connections may have. Beyond that calls wait inside of gRPC, all peers
// in one queue: with 2,000 a peer that opened and reset streams kept others waiting there for seconds.
constexpr size_t kMostWaitingCalls = 64 * kMaxCallsOfConnection;
// Of one peer, served, refused, or taken back before they were either, and not over. With more its connection is ended, as with more resets than
// ResetBudget allows: it is gRPC that reads, so that Rota cannot push back, and each takes memory until gRPC has ended it. One that takes back
// all the calls it may have and makes as many new ones is left alone three times over.
constexpr size_t kMostKnownCalls = 4 * kMaxCallsOfConnection;

// gRPC's own limit on the header fields of one frame. Beyond it gRPC answers, and ends the connection with all its calls behind that, now and
// then before the answer is read; between kMaxHeaderBytes and it Rota answers, on that stream alone.
constexpr int kHardHeaderLimit = 4 * kMaxHeaderBytes;

// gRPC's own limit on what it takes in; between it and max_message_bytes Rota answers, with a text of its own.
int HardMessageLimit(size_t max_message_bytes) {
  constexpr size_t kMax = std::numeric_limits<int>::max();
  if (max_message_bytes >= kMax / 2) return static_cast<int>(kMax);
  return static_cast<int>(std::min(kMax, max_message_bytes + std::max<size_t>(max_message_bytes, 64 << 10)));
}

// As gRPC counts: milliseconds, of which its greatest number is no limit.
int Milliseconds(Duration time) {
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(time).count();
  return static_cast<int>(std::min<int64_t>(rounded, std::numeric_limits<int>::max()));
}

void AddConnectionArguments(const ConnectionOptions& options, grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_time));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options.keepalive_timeout));
  // Otherwise gRPC asks twice, and not again before it has data to send.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, Milliseconds(options.min_ping_interval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, options.pings_without_calls ? 1 : 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Milliseconds(options.max_idle));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Milliseconds(options.max_age));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, Milliseconds(options.max_age_grace));
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Milliseconds(options.handshake_timeout));
}

class GrpcppServer final : public Server, private CallHost, private LoopHook {
 public:
  // Its hook comes after that of coding_queue.
  GrpcppServer(EventLoop& event_loop, const ServerOptions& server_options) : CallHost(event_loop, server_options) { loop.prepare_hooks().Add(*this); }
  ~GrpcppServer() override;

  StatusOr<std::vector<std::string>> Listen(const std::vector<std::string>& addresses, CallAcceptor& acceptor) override;
  void Drain(Duration grace, Callback done) override { life_.Drain(grace, std::move(done)); }
  bool Trim() override {
    packing_states.Trim();
    return false;
  }
  const TransportStats& stats() const override { return CallHost::stats; }

 private:
  // Comes back when gRPC's server has no call and no connection left.
  class ShutdownTag final : public Tag, public grpc::internal::CompletionQueueTag {
   public:
    explicit ShutdownTag(GrpcppServer& server) : server_(server) {}
    bool FinalizeResult(void** tag, bool*) override {
      *tag = pointer();
      return true;
    }
    Completions::Peer* Arrive(bool) override { return nullptr; }
    void Complete(bool) override { server_.OnShutdown(); }

   private:
    GrpcppServer& server_;
  };

  Status Build(const std::vector<std::string>& addresses, std::vector<int>& ports);
  // As many as gRPC is to have.
  void RequestCalls();
  Ref<CallsByPeer::Peer> OnArrival(const std::string& address) override;
  void EndConnection(CallsByPeer::Peer& peer, const char* why);
  void OnTurn() override;
  void OnBegin(GrpcppCall& call, const Status& fault) override;
  void OnEnd(GrpcppCall& call) override;
  void OnUnpacked(GrpcppCall& call) override { unpacked_.emplace_back(&call); }
  void RunHook() override;
  void BeginShutdown();
  void CancelCalls();
  void OnShutdown();
  void StopIfQuiet();

  CallAcceptor* acceptor_ = nullptr;
  grpc::AsyncGenericService service_;
  std::unique_ptr<grpc::Server> server_;
  // A peer that keeps as many streams open as it may opens the next one as soon as it sees the end of one, and gRPC may tell of up to
  // kRequestedCalls before it tells of the ends.
  const Ref<CallsByPeer> calls_ = MakeRef<CallsByPeer>(loop, kMaxCallsOfConnection + kRequestedCalls, kMostKnownCalls);
  CallsByPeer::Resets resets_;
  std::optional<ConnectionCutter> cutter_;
  std::vector<Ref<GrpcppCall>> unpacked_;
  size_t open_ = 0;  // Requested, waiting, running and refused calls that are not over.
  size_t requested_ = 0;  // Those that have not come.
  size_t waiting_ = 0;    // Those that have come and wait for their turn.
  ShutdownTag shutdown_tag_{*this};
  bool shut_down_ = false;
  ServerLife life_{loop, {.begin_drain = [this] { BeginShutdown(); }, .cancel_calls = [this] { CancelCalls(); }}};
};

// ---- Listening.

StatusOr<std::vector<std::string>> GrpcppServer::Listen(const std::vector<std::string>& addresses,
                                                        CallAcceptor& acceptor) {
  if (!life_.is_new()) return FailedPreconditionError("Listen() was called before, or after Drain()");
  if (addresses.empty()) return InvalidArgumentError("no address to listen on");
  for (const std::string& address : addresses) ROTA_RETURN_IF_ERROR(CheckListenAddress(address));
  std::vector<int> ports(addresses.size(), 0);
  ROTA_RETURN_IF_ERROR(Build(addresses, ports));
  acceptor_ = &acceptor;
  cutter_.emplace(std::vector<uint16_t>(ports.begin(), ports.end()));
  life_.Begin();
  bridge->Start();
  RequestCalls();
  std::vector<std::string> bound;
  for (size_t i = 0; i < addresses.size(); ++i) bound.push_back(WithPort(addresses[i], ports[i]));
  return bound;
}

Status GrpcppServer::Build(const std::vector<std::string>& addresses, std::vector<int>& ports) {
  grpc::ServerBuilder builder;
  builder.RegisterAsyncGenericService(&service_);
  builder.SetMaxReceiveMessageSize(HardMessageLimit(options.max_message_bytes));
  // A port that another process has is an error, not a port to share.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxCallsOfConnection);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kHardHeaderLimit);
  // Rota unpacks what comes compressed, because it knows a limit.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  AddConnectionArguments(options.connections, builder);
  const StatusOr<std::shared_ptr<grpc::ServerCredentials>> credentials = NewCredentials(options.tls);
  if (!credentials.ok()) return credentials.status();
  for (size_t i = 0; i < addresses.size(); ++i) {
    builder.AddListeningPort(addresses[i], *credentials, &ports[i]);
  }
  Queues queues = AddQueues(builder);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    ShutDown(queues);
    const size_t failed = static_cast<size_t>(std::find(ports.begin(), ports.end(), 0) - ports.begin());
    const std::string& address = addresses[std::min(failed, addresses.size() - 1)];
    return UnavailableError("cannot listen on " + address + ": gRPC could not bind it; perhaps it is in the list twice");
  }
  bridge = std::make_shared<Bridge>(loop, std::move(queues), CallHost::stats.batches);
  return OkStatus();
}

// ---- Calls.

void GrpcppServer::RequestCalls() {
  for (; life_.serving() && requested_ < kRequestedCalls && requested_ + waiting_ < kMostWaitingCalls; ++requested_) {
    ++open_;
    MakeRef<GrpcppCall>(static_cast<CallHost&>(*this))->Request(service_);
  }
}

// At once, and not when it has its turn: in the queue of gRPC calls of all peers wait for each other.
Ref<CallsByPeer::Peer> GrpcppServer::OnArrival(const std::string& address) {
  --requested_;
  ++waiting_;
  RequestCalls();
  Ref<CallsByPeer::Peer> peer = calls_->Find(address);
  if (!peer->OnArrival()) EndConnection(*peer, "too_many_calls");
  return peer;
}

void GrpcppServer::EndConnection(CallsByPeer::Peer& peer, const char* why) {
  if (!peer.OnFault()) return;
  cutter_->Cut(peer.address(), why);
}

void GrpcppServer::OnTurn() {
  --waiting_;
  RequestCalls();
}

void GrpcppServer::OnBegin(GrpcppCall& call, const Status& fault) {
  // What gRPC took in before the drain began is served: its client cannot know of the drain.
  if (life_.stopped() || cancelling) return call.Refuse(UnavailableError("the server drains"));
  if (!fault.ok()) return call.Refuse(fault);
  if (calls_->calls() >= options.max_concurrent_calls) {
    return call.Refuse(ResourceExhaustedError("more than " + std::to_string(options.max_concurrent_calls) +
                                              " calls at once"));
  }
  call.start().slot = calls_->Begin(call.peer());
  if (call.start().slot == nullptr) {
    return call.Refuse(ResourceExhaustedError("more than " + std::to_string(kMaxCallsOfConnection) + " calls at once on one connection"));
  }
  call.Accept(*acceptor_);
}

void GrpcppServer::OnEnd(GrpcppCall& call) {
  --open_;
  if (const Ref<CallsByPeer::Peer>& peer = call.peer(); peer != nullptr) {
    const bool reset = call.cancelled() && !cancelling;
    if (reset) resets_.Add(peer);
    if (!peer->OnEnd(reset)) EndConnection(*peer, "too_many_resets");
  }
  if (call.accepted()) ++CallHost::stats.calls_done;
  StopIfQuiet();
}

// ---- Messages that wait to be unpacked.

void GrpcppServer::RunHook() {
  // In callbacks of their own, after which ticks run, and which count in the budget of the phase.
  for (Ref<GrpcppCall>& call : std::exchange(unpacked_, {})) {
    loop.RunCompletion(Operation(loop, RefKind::kIo), [call = std::move(call)] { call->DeliverHeld(); });
  }
}

// ---- Draining.

void GrpcppServer::BeginShutdown() {
  // grpc::Server::Shutdown() would wait for the calls; the function below it does not.
  grpc_server_shutdown_and_notify(server_->c_server(), bridge->queue().cq(),
                                  static_cast<grpc::internal::CompletionQueueTag*>(&shutdown_tag_));
}

void GrpcppServer::CancelCalls() {
  cancelling = true;
  grpc_server_cancel_all_calls(server_->c_server());
}

void GrpcppServer::OnShutdown() {
  shut_down_ = true;
  StopIfQuiet();
}

void GrpcppServer::StopIfQuiet() {
  if (!shut_down_ || open_ > 0) return;
  // Does not wait any more, but gRPC wants it before its queue goes.
  server_->Shutdown();
  bridge->Stop();
  server_.reset();
  bridge.reset();
  // In the close phase, and so after the OnDone() of the last call.
  life_.End();
}

GrpcppServer::~GrpcppServer() {
  loop.prepare_hooks().Remove(*this);
  if (bridge == nullptr) return;
  life_.DropDone();
  life_.Drain(Duration::zero(), nullptr);
  const std::shared_ptr<Bridge> kept = bridge;
  kept->CompleteUntil([this] { return life_.stopped(); });
}

}  // namespace
}  // namespace grpcpp

std::unique_ptr<Server> NewGrpcppServer(EventLoop& loop, const ServerOptions& options) {
  grpcpp::RouteGrpcLog();
  return std::make_unique<grpcpp::GrpcppServer>(loop, options);
}

}  // namespace rota
