#include "framework/observe/worker_collector.h"

#include <prometheus/collectable.h>

#include <string>
#include <utility>
#include <vector>

#include "framework/observe/families.h"

namespace rota {
namespace {

using observe::Families;

void AddGauge(Families& families, std::string name, std::string help, size_t value) {
  families.Gauge(std::move(name), std::move(help));
  families.Sample(static_cast<double>(value));
}

void AddCounter(Families& families, std::string name, std::string help, uint64_t value) {
  families.Counter(std::move(name), std::move(help));
  families.Sample(static_cast<double>(value));
}

class WorkerCollector final : public prometheus::Collectable {
 public:
  explicit WorkerCollector(UniqueFunction<const WorkerStats&()> stats) : stats_(std::move(stats)) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    const WorkerStats& stats = stats_();
    Families families;
    AddGauge(families, "rota_worker_threads", "Threads of the pool.", stats.threads);
    AddGauge(families, "rota_worker_queue_depth", "Jobs that wait for a thread.", stats.queued);
    AddGauge(families, "rota_worker_queue_capacity", "Jobs that may wait for a thread.", stats.queue_capacity);
    AddGauge(families, "rota_worker_jobs_running", "Jobs that hold a thread.", stats.running);
    AddGauge(families, "rota_worker_jobs_suspended", "Jobs that wait for the loop and hold no thread.", stats.waiting);
    AddCounter(families, "rota_worker_jobs_submitted_total", "Jobs that the queue took.", stats.submitted);
    AddCounter(families, "rota_worker_jobs_refused_total", "Jobs refused because the queue was full or the pool stopped.",
               stats.rejected);
    families.Counter("rota_worker_jobs_total", "Jobs that are over, by outcome.");
    families.Sample(static_cast<double>(stats.finished), {{"outcome", "finished"}});
    families.Sample(static_cast<double>(stats.cancelled), {{"outcome", "cancelled"}});
    families.Sample(static_cast<double>(stats.expired), {{"outcome", "expired"}});
    AddCounter(families, "rota_worker_loop_waits_total", "Times that a job left its thread to wait for the loop.", stats.loop_waits);
    AddCounter(families, "rota_worker_batches_total", "Wake-ups of the loop that brought ends and waits of jobs.", stats.batches);
    families.Histogram("rota_worker_queue_wait_seconds", "Time from the queue to a thread.");
    families.Sample(stats.queue_wait);
    families.Histogram("rota_worker_run_seconds", "Time that a job held its thread, without its waits for the loop.");
    families.Sample(stats.run);
    return std::move(families).Take();
  }

 private:
  // Mutable: Collect() is const in prometheus-cpp, calling a UniqueFunction is not.
  mutable UniqueFunction<const WorkerStats&()> stats_;
};

}  // namespace

Collector NewWorkerCollector(UniqueFunction<const WorkerStats&()> stats) {
  return Collector(new WorkerCollector(std::move(stats)));
}

}  // namespace rota
