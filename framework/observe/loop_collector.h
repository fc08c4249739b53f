#ifndef ROTA_OBSERVE_LOOP_COLLECTOR_H_
#define ROTA_OBSERVE_LOOP_COLLECTOR_H_

#include <cstddef>

#include "framework/base/callback.h"
#include "framework/loop/loop_stats.h"
#include "framework/loop/refs.h"
#include "framework/observe/collector.h"

namespace rota {

// How many callbacks wait in each queue of a loop.
struct LoopQueueDepths {
  size_t immediates = 0;
  size_t pending = 0;
  size_t ticks = 0;
  size_t microtasks = 0;
  size_t closing = 0;
};

// The families rota_loop_*: what each phase of the loop costs. monitoring/METRICS.md describes every one.
// `stats` and `refs` must outlive the collector; `depths` is asked at each scrape.
// Thread: loop, for the collector too.
Collector NewLoopCollector(const LoopStats& stats, const RefCounts& refs, UniqueFunction<LoopQueueDepths()> depths);

}  // namespace rota

#endif  // ROTA_OBSERVE_LOOP_COLLECTOR_H_
