#ifndef ROTA_RUNTIME_PROCESS_H_
#define ROTA_RUNTIME_PROCESS_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "framework/actor/actor_kind.h"
#include "framework/actor/actor_system.h"
#include "framework/base/status.h"
#include "framework/base/steady_clock.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/signals.h"
#include "framework/observe/admin_server.h"
#include "framework/observe/metrics_page.h"
#include "framework/rpc/dispatcher.h"
#include "framework/rpc/health.h"
#include "framework/rpc/method_table.h"
#include "framework/rpc/service_registry.h"
#include "framework/rpc/transport.h"
#include "framework/runtime/drain.h"
#include "framework/runtime/idle_heap.h"
#include "framework/runtime/settings.h"
#include "framework/worker/worker_pool.h"

namespace rota {

// A service and the actors that serve it.
struct ServedService {
  const ServiceTable* table;
  KindOptions kind;
};

// Everything that a running service consists of, built in the order in which it may depend on each other and taken down the
// other way round.
// Thread: the one that becomes the loop thread.
// Owner:  App::Main(), on its stack.
class Process {
 public:
  // `settings` must outlive the process.
  Process(std::string name, const Settings& settings);
  ~Process();

  // Registers the services and starts to listen; the error names what failed. Once.
  Status Start(std::vector<ServedService> services);
  // Serves until a drain is over; returns the exit code. Ends the process itself when a job does not end: it names the job
  // and waits for it no longer than kJobLimit.
  int Run();

 private:
  Status RegisterAll(std::vector<ServedService> services);
  Status Register(const ServiceTable& table, KindOptions kind);
  Status Listen();
  void AddCollectors();
  Drain::Steps DrainSteps();
  // Frees a part of what the loop thread keeps for calls to come; true while there is more.
  bool Trim();
  // Gives memory back to the system, step by step.
  void TrimHeap();
  void OnSignal(int number);
  // Says what keeps the loop and the workers busy.
  void LogWhatIsLeft(const std::vector<std::string>& jobs);
  // Ends the process here and now: no destructor runs.
  [[noreturn]] void EndAtOnce(const char* reason, int code);

  const std::string name_;
  const Settings& settings_;
  bool ready_ = false;
  int stop_signal_ = 0;

  SteadyClock clock_;
  EventLoop loop_{clock_};
  WorkerPool workers_;
  Health health_;
  ActorSystem actors_{loop_, &workers_};
  ServiceRegistry registry_;
  Dispatcher dispatcher_{actors_, registry_};
  const std::unique_ptr<Server> server_;
  IdleHeap heap_{[this] { return Trim(); }};
  MetricsPage metrics_;
  std::unique_ptr<AdminServer> admin_;
  Drain drain_;
  std::optional<SignalWatcher> signals_;
};

}  // namespace rota

#endif  // ROTA_RUNTIME_PROCESS_H_
