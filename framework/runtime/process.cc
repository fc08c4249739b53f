#include "framework/runtime/process.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "framework/base/block_pool.h"
#include "framework/base/log.h"
#include "framework/base/settle_heap.h"
#include "framework/base/status_or.h"
#include "framework/observe/actor_collector.h"
#include "framework/observe/loop_collector.h"
#include "framework/observe/process_collector.h"
#include "framework/observe/rpc_collector.h"
#include "framework/observe/transport_collector.h"
#include "framework/observe/worker_collector.h"
#include "framework/rpc/reflection.h"
#include "framework/transport/grpcpp/grpcpp_server.h"
#include "framework/transport/native/native_server.h"
#include "framework/worker/worker_stats.h"

namespace rota {
namespace {

constexpr Duration kHeartbeat = std::chrono::seconds(1);
// Between two steps of giving memory back: whatever has come up goes first.
constexpr Duration kTrimPause = std::chrono::milliseconds(2);
// What is freed in one.
constexpr size_t kTrimmedBlocks = 512;
// For the jobs that still run when the loop has ended.
constexpr Duration kJobLimit = std::chrono::seconds(5);
// Refs that are told when a drain gives up; more would only repeat them.
constexpr size_t kToldRefs = 20;

WorkerPool::Options WorkerOptions(const Settings& settings) {
  WorkerPool::Options options;
  if (settings.workers > 0) options.threads = static_cast<size_t>(settings.workers);
  options.queue_capacity = static_cast<size_t>(settings.worker_queue);
  return options;
}

Duration OrForever(Duration limit) { return limit == Duration::zero() ? kForever : limit; }

ConnectionOptions Connections(const Settings& settings) {
  return {.keepalive_time = OrForever(settings.keepalive_time),
          .keepalive_timeout = OrForever(settings.keepalive_timeout),
          .min_ping_interval = settings.min_ping_interval,
          .pings_without_calls = settings.pings_without_calls,
          .max_idle = OrForever(settings.max_connection_idle),
          .max_age = OrForever(settings.max_connection_age),
          .max_age_grace = OrForever(settings.max_connection_age_grace),
          .handshake_timeout = OrForever(settings.handshake_timeout)};
}

std::unique_ptr<Server> NewServer(EventLoop& loop, const Settings& settings) {
  ServerOptions options;
  options.max_message_bytes = static_cast<size_t>(settings.max_message_bytes);
  options.max_concurrent_calls = static_cast<size_t>(settings.max_concurrent_calls);
  options.tls = {.certificate = settings.tls_cert, .key = settings.tls_key, .client_ca = settings.tls_ca};
  options.connections = Connections(settings);
  return settings.transport == "grpcpp" ? NewGrpcppServer(loop, options) : NewNativeServer(loop, options);
}

}  // namespace

Process::Process(std::string name, const Settings& settings)
    : name_(std::move(name)),
      settings_(settings),
      workers_(loop_, WorkerOptions(settings)),
      server_(NewServer(loop_, settings)),
      drain_(loop_, {.notice = settings.notice, .grace = settings.grace}, DrainSteps()) {}

Process::~Process() {
  // From here on nobody hears a signal: a second one takes its default action, which ends the process.
  signals_.reset();
  // Threads first: a job must not find the actors gone.
  workers_.Stop();
}

Status Process::Start(std::vector<ServedService> services) {
  ROTA_RETURN_IF_ERROR(RegisterAll(std::move(services)));
  AddCollectors();
  signals_.emplace(loop_, std::initializer_list<int>{SIGTERM, SIGINT}, [this](int number) { OnSignal(number); });
  ROTA_RETURN_IF_ERROR(Listen());
  // Also so that rota_loop_lag_seconds tells of a blocked loop while no other timer is due.
  loop_.SetInterval(kHeartbeat, [this] {
    if (heap_.Look(server_->stats().calls_started)) TrimHeap();
  }).SetRef(false);
  ready_ = true;
  return OkStatus();
}

int Process::Run() {
  const int code = loop_.Run();
  // From here on nobody hears a signal: a second one takes its default action, which ends the process.
  signals_.reset();
  const std::vector<std::string> stuck = workers_.StopWithin(kJobLimit);
  if (!stuck.empty()) {
    LogWhatIsLeft(stuck);
    EndAtOnce("jobs_did_not_end", code);
  }
  return code;
}

void Process::LogWhatIsLeft(const std::vector<std::string>& jobs) {
  for (const std::string& job : jobs) Log(LogLevel::kWarn, "job_stuck", {{"service", name_}, {"job", job}});
  std::vector<RefEntry> refs = loop_.ListRefs();
  if (refs.size() > kToldRefs) refs.resize(kToldRefs);
  for (const RefEntry& ref : refs) {
    const std::string age = std::to_string(std::chrono::duration<double>(ref.age).count());
    Log(LogLevel::kWarn, "ref_left", {{"service", name_}, {"kind", RefKindName(ref.kind)}, {"owner", ref.owner}, {"age_seconds", age}});
  }
}

Status Process::RegisterAll(std::vector<ServedService> services) {
  for (ServedService& service : services) {
    ROTA_RETURN_IF_ERROR(Register(*service.table, std::move(service.kind)));
    health_.SetServing(service.table->name, true);
  }
  ROTA_RETURN_IF_ERROR(Register(Health::Table(), health_.Kind()));
  ROTA_RETURN_IF_ERROR(Register(ReflectionTable(), ReflectionKind(registry_)));
  ROTA_RETURN_IF_ERROR(Register(ReflectionAlphaTable(), ReflectionAlphaKind(registry_)));
  health_.SetServing("", true);
  return OkStatus();
}

Status Process::Register(const ServiceTable& table, KindOptions kind) {
  const std::string name = kind.name;
  ROTA_RETURN_IF_ERROR(actors_.RegisterKind(std::move(kind)));
  return registry_.Register(table, *actors_.FindKind(name));
}

// Announces only when all of it listens, so that who waits for a line finds everything there.
Status Process::Listen() {
  if (!settings_.admin.empty()) {
    AdminServer::Pages pages{.metrics = [this] { return metrics_.Scrape(); },
                             .healthz = [] { return OkStatus(); },
                             .readyz = [this] { return ready_ ? OkStatus() : UnavailableError(name_ + " is draining"); }};
    auto admin = AdminServer::Listen(loop_, settings_.admin, std::move(pages), AdminServer::Options());
    if (!admin.ok()) return admin.status();
    admin_ = *std::move(admin);
  }
  const auto bound = server_->Listen(settings_.listen, dispatcher_);
  if (!bound.ok()) return bound.status();
  for (const std::string& address : *bound) {
    Log(LogLevel::kInfo, "listening", {{"service", name_}, {"endpoint", "grpc"}, {"address", address}});
  }
  if (admin_) Log(LogLevel::kInfo, "listening", {{"service", name_}, {"endpoint", "admin"}, {"address", admin_->address()}});
  return OkStatus();
}

void Process::AddCollectors() {
  metrics_.Add(NewLoopCollector(loop_.stats(), loop_.refs(), [this] {
    return LoopQueueDepths{.immediates = loop_.queued_immediates(),
                           .pending = loop_.queued_pending(),
                           .ticks = loop_.queued_ticks(),
                           .microtasks = loop_.queued_microtasks(),
                           .closing = loop_.closing_handles()};
  }));
  metrics_.Add(NewWorkerCollector([this]() -> const WorkerStats& { return workers_.stats(); }));
  metrics_.Add(NewActorCollector(actors_));
  metrics_.Add(NewRpcCollector(registry_));
  metrics_.Add(NewTransportCollector(settings_.transport, server_->stats()));
  metrics_.Add(NewProcessCollector());
}

Drain::Steps Process::DrainSteps() {
  return {.refuse =
              [this] {
                ready_ = false;
                health_.Shutdown();
              },
          .calls_started = [this] { return server_->stats().calls_started; },
          .drain_calls = [this](Duration grace, Callback done) { server_->Drain(grace, std::move(done)); },
          .calls_in_flight = [this] { return server_->stats().calls_in_flight(); },
          .cut_connections = [this] { server_->Drain(Duration::zero(), nullptr); },
          .stop_actors = [this](Callback done) { actors_.Stop(std::move(done)); },
          .finish = [this] { loop_.Exit(0); },
          .give_up =
              [this] {
                LogWhatIsLeft(workers_.RunningJobs());
                EndAtOnce("actors_did_not_stop", 128 + stop_signal_);
              }};
}

bool Process::Trim() {
  const bool more = server_->Trim() || BlockPool::Trim(kTrimmedBlocks);
  SettleHeap();
  return more;
}

void Process::TrimHeap() {
  if (heap_.Step()) loop_.SetTimeout(kTrimPause, [this] { TrimHeap(); }).SetRef(false);
}

void Process::OnSignal(int number) {
  if (drain_.begun()) EndAtOnce("second_signal", 128 + number);
  stop_signal_ = number;
  Log(LogLevel::kInfo, "drain_started", {{"service", name_}, {"signal", number}, {"calls_in_flight", server_->stats().calls_in_flight()}});
  drain_.Begin();
}

void Process::EndAtOnce(const char* reason, int code) {
  Log(LogLevel::kWarn, "stopped", {{"service", name_}, {"reason", reason}, {"code", code}});
  std::_Exit(code);
}

}  // namespace rota
