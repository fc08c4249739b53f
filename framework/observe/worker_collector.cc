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
  explicit WorkerCollector(const WorkerPool& pool) : pool_(pool) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    const WorkerStats stats = pool_.stats();
    Families families;
    AddGauge(families, "rota_worker_threads", "Threads of the pool.", stats.threads);
    AddGauge(families, "rota_worker_queue_depth", "Jobs that wait for a thread.", stats.queued);
    AddGauge(families, "rota_worker_queue_capacity", "Jobs that may wait for a thread.", stats.queue_capacity);
    AddGauge(families, "rota_worker_jobs_running", "Jobs that hold a thread.", stats.running);
    AddGauge(families, "rota_worker_jobs_suspended", "Jobs that wait for the loop and hold no thread.", stats.suspended);
    AddCounter(families, "rota_worker_jobs_submitted_total", "Jobs that the queue took.", stats.submitted);
    AddCounter(families, "rota_worker_jobs_refused_total", "Jobs refused because the queue was full or the pool stopped.",
               stats.rejected);
    families.Counter("rota_worker_jobs_total", "Jobs that are over, by outcome.");
    families.Sample(static_cast<double>(stats.finished), {{"outcome", "finished"}});
    families.Sample(static_cast<double>(stats.cancelled), {{"outcome", "cancelled"}});
    families.Sample(static_cast<double>(stats.expired), {{"outcome", "expired"}});
    families.Histogram("rota_worker_queue_wait_seconds", "Time from the queue to a thread.");
    families.Sample(stats.queue_wait);
    families.Histogram("rota_worker_run_seconds", "Time from the start of a job to its end, its waits for the loop included.");
    families.Sample(stats.run);
    return std::move(families).Take();
  }

 private:
  const WorkerPool& pool_;
};

}  // namespace

Collector NewWorkerCollector(const WorkerPool& pool) { return Collector(new WorkerCollector(pool)); }

}  // namespace rota
