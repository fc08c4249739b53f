#ifndef ROTA_OBSERVE_WORKER_COLLECTOR_H_
#define ROTA_OBSERVE_WORKER_COLLECTOR_H_

#include "framework/base/callback.h"
#include "framework/observe/collector.h"
#include "framework/worker/worker_stats.h"

namespace rota {

// The families rota_worker_*. monitoring/METRICS.md describes every one.
// `stats` is asked at each scrape: WorkerPool::stats().
// Thread: loop, for the collector too.
Collector NewWorkerCollector(UniqueFunction<const WorkerStats&()> stats);

}  // namespace rota

#endif  // ROTA_OBSERVE_WORKER_COLLECTOR_H_
