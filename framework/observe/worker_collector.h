#ifndef ROTA_OBSERVE_WORKER_COLLECTOR_H_
#define ROTA_OBSERVE_WORKER_COLLECTOR_H_

#include "framework/observe/collector.h"
#include "framework/worker/worker_pool.h"

namespace rota {

// The families rota_worker_*. monitoring/METRICS.md describes every one.
// `pool` must outlive the collector.
// Thread: loop, for the collector too.
Collector NewWorkerCollector(const WorkerPool& pool);

}  // namespace rota

#endif  // ROTA_OBSERVE_WORKER_COLLECTOR_H_
