#include "framework/transport/native/native_server.h"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "framework/base/log.h"
#include "framework/base/ring_queue.h"
#include "framework/base/status.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/hooks.h"
#include "framework/rpc/server_life.h"
#include "framework/transport/native/call_pool.h"
#include "framework/transport/native/connection.h"
#include "framework/transport/native/descriptor_table.h"
#include "framework/transport/native/host.h"
#include "framework/transport/native/listen_socket.h"
#include "framework/transport/native/listener.h"
#include "framework/transport/native/socket.h"
#include "framework/transport/native/tls_context.h"
#include "framework/transport/native/tls_socket.h"

namespace rota {
namespace native {
namespace {

constexpr size_t kReadBufferBytes = 128 << 10;

// Calls that are told of news in one callback of the loop, so that not each costs one.
constexpr size_t kCallsAtOnce = 16;

// Calls whose answers may wait for the end of the phase. What is sent is over, and the next calls get its memory while a cache
// has it: a call takes some 3 kB, so that those of many connections together would go round through all of what a core has.
constexpr size_t kMostUnsent = 64;

// Connections that a wave writes to, within a phase: each counts in its budget.
constexpr size_t kFlushesOfWave = 64;

// What one run of the hook does, of which there are two in an iteration; the rest is done in the next ones, while what comes in
// has its turn. A write costs some 15 us, a long one by its bytes.
constexpr size_t kFlushesAtOnce = 16;
constexpr size_t kFlushedBytesAtOnce = 1 << 20;
constexpr Duration kFlushTime = std::chrono::microseconds(50);

// Calls that one step of trimming frees.
constexpr size_t kTrimmedAtOnce = 64;

// The calls that have news. A callback that was put off may outlive the server, which leaves none to it.
class Deliveries final : public RefCounted {
 public:
  void Add(NativeCall& call) {
    if (!std::exchange(call.delivery_queued, true)) queue_.Push(Ref<NativeCall>(&call));
  }
  bool empty() const { return queue_.empty(); }
  // Those that no callback has been promised to yet.
  size_t unpromised() const { return queue_.size() > promised_ ? queue_.size() - promised_ : 0; }
  void Promise(size_t count) { promised_ += count; }

  // Tells `count`, which were promised, or as many as there are. What one of them throws leaves the rest to be promised again.
  void Deliver(EventLoop& loop, size_t count) {
    promised_ -= count;
    for (size_t left = std::min(count, queue_.size()); left > 0 && !queue_.empty(); --left) {
      DeliverNext();
      if (left > 1 && !loop.RunTicks()) return;
    }
  }
  void DeliverNext() {
    const Ref<NativeCall> call = queue_.Pop();
    call->delivery_queued = false;
    call->Deliver();
  }

 private:
  RingQueue<Ref<NativeCall>> queue_;
  size_t promised_ = 0;
};

class NativeServer final : public Server, private Host, private LoopHook {
 public:
  NativeServer(EventLoop& event_loop, const ServerOptions& server_options);
  ~NativeServer() override;

  StatusOr<std::vector<std::string>> Listen(const std::vector<std::string>& addresses, CallAcceptor& call_acceptor) override;
  void Drain(Duration grace, Callback done) override { life_.Drain(grace, std::move(done)); }
  bool Trim() override {
    if (pool_->Trim(kTrimmedAtOnce)) return true;
    for (auto* connections : {&connections_, &to_flush_}) connections->shrink_to_fit();
    if (flushed_ == flushing_.size()) flushing_ = {}, flushed_ = 0;
    packing_states.Trim();
    return false;
  }
  const TransportStats& stats() const override { return Host::stats; }

 private:
  void OnAccepted(int fd, std::string peer);
  std::unique_ptr<Socket> NewSocket(int fd);

  void QueueCall(NativeCall& call) override { deliveries_->Add(call); }
  void DeliverQueued() override;
  void QueueFlush(Connection& connection) override;
  void OnClosed(Connection& connection) override;
  Ref<NativeCall> NewCall() override { return pool_->Take(); }
  double random() override { return std::uniform_real_distribution<double>()(random_); }

  void RunHook() override;
  bool IsDue() const override {
    return deliveries_->unpromised() > 0 || flushed_ < flushing_.size() || !to_flush_.empty() || IsQuiet();
  }

  void PromiseDeliveries();
  // `within_callback`: in the midst of a phase, in whose budget it counts.
  void FlushSome(bool within_callback);
  void BeginDrain();
  void CancelCalls();
  // A drain is over.
  bool IsQuiet() const { return life_.draining() && connections_.empty() && Host::stats.calls_in_flight() == 0; }

  Ref<CallPool> pool_ = MakeRef<CallPool>();
  std::unique_ptr<TlsContext> tls_;  // Null: plain text.
  std::vector<uint8_t> buffer_;
  std::vector<Ref<Listener>> listeners_;
  std::vector<Ref<Connection>> connections_;
  const Ref<Deliveries> deliveries_ = MakeRef<Deliveries>();
  // Vectors, because what a rush leaves of them is one piece: a queue in blocks kept a page of the heap for each.
  std::vector<Ref<Connection>> to_flush_;
  std::vector<Ref<Connection>> flushing_;  // From flushed_ on.
  size_t flushed_ = 0;
  std::minstd_rand random_{std::random_device{}()};
  ServerLife life_{loop, {.begin_drain = [this] { BeginDrain(); }, .cancel_calls = [this] { CancelCalls(); }}};
};

NativeServer::NativeServer(EventLoop& event_loop, const ServerOptions& server_options)
    : Host(event_loop, server_options), buffer_(kReadBufferBytes) {
  read_buffer = buffer_;
  loop.prepare_hooks().Add(*this);
  loop.check_hooks().Add(*this);
}

NativeServer::~NativeServer() {
  loop.prepare_hooks().Remove(*this);
  loop.check_hooks().Remove(*this);
  life_.DropDone();
  cancelling = true;
  for (const Ref<Listener>& listener : listeners_) listener->Abandon();
  while (!connections_.empty()) connections_.back()->Close();
  // Here and now: the loop may not run any more.
  while (!deliveries_->empty()) {
    try {
      deliveries_->DeliverNext();
    } catch (const std::exception& exception) {
      Log(LogLevel::kError, "exception_while_stopping", {{"transport", "native"}, {"what", exception.what()}});
    } catch (...) {
      Log(LogLevel::kError, "exception_while_stopping", {{"transport", "native"}, {"what", "not a std::exception"}});
    }
  }
}

// ---- Listening.

StatusOr<std::vector<std::string>> NativeServer::Listen(const std::vector<std::string>& addresses, CallAcceptor& call_acceptor) {
  if (!life_.is_new()) return FailedPreconditionError("Listen() was called before, or after Drain()");
  if (addresses.empty()) return InvalidArgumentError("no address to listen on");
  if (options.tls.enabled()) {
    StatusOr<std::unique_ptr<TlsContext>> tls = TlsContext::Load(options.tls, loop.Now());
    if (!tls.ok()) return std::move(tls).status();
    tls_ = *std::move(tls);
  }
  std::vector<ListenSockets> opened;
  Status status;
  for (const std::string& address : addresses) {
    StatusOr<ListenSockets> sockets = OpenListenSockets(address);
    if (!sockets.ok()) {
      status = std::move(sockets).status();
      break;
    }
    opened.push_back(*std::move(sockets));
  }
  if (!status.ok()) {
    for (const ListenSockets& sockets : opened) {
      for (const int fd : sockets.fds) close(fd);
    }
    return status;
  }
  ReserveDescriptors();
  acceptor = &call_acceptor;
  life_.Begin();
  std::vector<std::string> bound;
  for (ListenSockets& sockets : opened) {
    for (const int fd : sockets.fds) {
      listeners_.push_back(MakeRef<Listener>(loop, admission, fd, [this](int accepted, std::string peer) { OnAccepted(accepted, std::move(peer)); }));
      listeners_.back()->Start();
    }
    bound.push_back(std::move(sockets.address));
  }
  return bound;
}

void NativeServer::OnAccepted(int fd, std::string peer) {
  std::unique_ptr<Socket> socket = NewSocket(fd);
  if (socket == nullptr) return;
  Ref<Connection> connection = MakeRef<Connection>(static_cast<Host&>(*this), std::move(socket), std::move(peer));
  connection->index = connections_.size();
  connections_.push_back(connection);
  connection->Start();
}

std::unique_ptr<Socket> NativeServer::NewSocket(int fd) {
  if (tls_ == nullptr) return std::make_unique<Socket>(loop, fd);
  SSL* const ssl = tls_->NewConnection(loop.Now());
  if (ssl != nullptr) return std::make_unique<TlsSocket>(loop, fd, ssl);
  close(fd);
  return nullptr;
}

void NativeServer::OnClosed(Connection& connection) {
  const size_t index = connection.index;
  // The last one takes its place.
  const Ref<Connection> closed = std::move(connections_[index]);
  if (index + 1 < connections_.size()) {
    connections_[index] = std::move(connections_.back());
    connections_[index]->index = index;
  }
  connections_.pop_back();
}

// ---- What is gathered over a phase.

// What one read brings is told at once, as a part of the callback that runs. In one of its own, a phase that has put off one
// would put off the next one as well, and go on so as long as something comes: each call would take three iterations.
void NativeServer::DeliverQueued() {
  const size_t here = std::min(deliveries_->unpromised(), kCallsAtOnce);
  deliveries_->Promise(here);
  deliveries_->Deliver(loop, here);
  PromiseDeliveries();
  if (unsent >= kMostUnsent && loop.RunTicks()) FlushSome(true);
}

// In callbacks of their own, after which ticks run, and which count in the budget of the phase.
void NativeServer::PromiseDeliveries() {
  // What comes up meanwhile waits, so that this ends.
  for (size_t left = deliveries_->unpromised(); left > 0;) {
    const size_t count = std::min(left, kCallsAtOnce);
    left -= count;
    deliveries_->Promise(count);
    loop.RunCompletion(Operation(loop, RefKind::kIo),
                       [deliveries = deliveries_, &loop = loop, count] { deliveries->Deliver(loop, count); });
  }
}

void NativeServer::QueueFlush(Connection& connection) {
  if (std::exchange(connection.flush_queued, true)) return;
  to_flush_.emplace_back(&connection);
}

void NativeServer::RunHook() {
  PromiseDeliveries();
  FlushSome(false);
  // The ends of the calls whose last bytes are out.
  PromiseDeliveries();
  if (IsQuiet()) life_.End();
}

// In the order in which they came, and none twice.
void NativeServer::FlushSome(bool within_callback) {
  unsent = 0;
  if (flushed_ == flushing_.size()) {
    flushing_.clear();
    flushing_.swap(to_flush_);
    flushed_ = 0;
    if (flushing_.empty()) return;
  }
  const size_t end = std::min(flushing_.size(), flushed_ + (within_callback ? kFlushesOfWave : kFlushesAtOnce));
  const TimePoint until = After(loop.Now(), within_callback ? kForever : kFlushTime);
  for (size_t bytes = 0; flushed_ < end && bytes < kFlushedBytesAtOnce && loop.Now() < until;) {
    if (within_callback) loop.ChargeBudget();
    const Ref<Connection> connection = std::move(flushing_[flushed_++]);
    connection->flush_queued = false;
    bytes += connection->Flush();
  }
}

// ---- Draining.

void NativeServer::BeginDrain() {
  for (const Ref<Listener>& listener : listeners_) listener->Close();
  listeners_.clear();
  for (const Ref<Connection>& connection : connections_) connection->BeginDrain();
}

void NativeServer::CancelCalls() {
  cancelling = true;
  const Status why = ShuttingDownError();
  for (const Ref<Connection>& connection : connections_) connection->Cancel(why);
}

}  // namespace
}  // namespace native

std::unique_ptr<Server> NewNativeServer(EventLoop& loop, const ServerOptions& options) {
  return std::make_unique<native::NativeServer>(loop, options);
}

}  // namespace rota
