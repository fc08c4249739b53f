#ifndef ROTA_OBSERVE_PROCESS_COLLECTOR_H_
#define ROTA_OBSERVE_PROCESS_COLLECTOR_H_

#include "framework/observe/collector.h"

namespace rota {

// The families process_* under the names that every Prometheus client library gives them: CPU time, start time, open
// file descriptors, memory. Read from /proc/self at each scrape; what cannot be read is left out.
// Thread: any.
Collector NewProcessCollector();

}  // namespace rota

#endif  // ROTA_OBSERVE_PROCESS_COLLECTOR_H_
