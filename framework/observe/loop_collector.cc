#include "framework/observe/loop_collector.h"

#include <prometheus/collectable.h>

#include <chrono>
#include <string>
#include <utility>

#include "framework/loop/phase.h"
#include "framework/observe/families.h"

namespace rota {
namespace {

using observe::Families;

void AddPhases(const LoopStats& stats, Families& families) {
  families.Histogram("rota_loop_phase_duration_seconds",
                     "Time at work in a phase, for each iteration in which it had something to do. Idle time is not in it.");
  for (size_t i = 0; i < kPhaseCount; ++i) {
    families.Sample(stats.phase_duration[i], {{"phase", std::string(PhaseName(static_cast<Phase>(i)))}});
  }
  families.Counter("rota_loop_callbacks_total", "Callbacks run, by phase; ticks and microtasks run between them.");
  for (size_t i = 0; i < kPhaseCount; ++i) {
    families.Sample(static_cast<double>(stats.callbacks[i]), {{"phase", std::string(PhaseName(static_cast<Phase>(i)))}});
  }
  families.Sample(static_cast<double>(stats.ticks), {{"phase", "ticks"}});
  families.Sample(static_cast<double>(stats.microtasks), {{"phase", "microtasks"}});
  families.Counter("rota_loop_overruns_total", "Iterations in which a phase worked for longer than its budget of time.");
  for (size_t i = 0; i < kPhaseCount; ++i) {
    families.Sample(static_cast<double>(stats.overruns[i]), {{"phase", std::string(PhaseName(static_cast<Phase>(i)))}});
  }
}

void AddTimes(const LoopStats& stats, Families& families) {
  families.Counter("rota_loop_iterations_total", "Iterations of the loop.");
  families.Sample(static_cast<double>(stats.iterations));
  families.Histogram("rota_loop_iteration_duration_seconds", "Time at work in one iteration.");
  families.Sample(stats.iteration_duration);
  families.Histogram("rota_loop_lag_seconds", "How late timers ran after they were due.");
  families.Sample(stats.timer_lag);
  families.Counter("rota_loop_idle_seconds_total", "Time that the loop slept because there was nothing to do.");
  families.Sample(std::chrono::duration<double>(stats.idle).count());
}

void AddEvents(const LoopStats& stats, Families& families) {
  families.Counter("rota_loop_deferred_total", "Callbacks that poll put off to the next pending phase.");
  families.Sample(static_cast<double>(stats.deferred));
  families.Counter("rota_loop_posted_total", "Callbacks that came from other threads.");
  families.Sample(static_cast<double>(stats.posted));
  families.Counter("rota_loop_post_batches_total", "Wake-ups that brought the callbacks of other threads.");
  families.Sample(static_cast<double>(stats.post_batches));
  families.Counter("rota_loop_tick_starvations_total", "Drains of ticks and microtasks that did not end within their budget.");
  families.Sample(static_cast<double>(stats.tick_starvations));
  families.Counter("rota_loop_uncaught_total", "Exceptions that reached the loop.");
  families.Sample(static_cast<double>(stats.uncaught));
}

void AddRefs(const RefCounts& refs, Families& families) {
  families.Gauge("rota_loop_refs", "Reasons for the loop to stay alive, by kind.");
  for (size_t i = 0; i < kRefKindCount; ++i) {
    const auto kind = static_cast<RefKind>(i);
    families.Sample(static_cast<double>(refs.count(kind)), {{"kind", std::string(RefKindName(kind))}});
  }
}

void AddDepths(const LoopQueueDepths& depths, Families& families) {
  families.Gauge("rota_loop_queue_depth", "Callbacks that wait, by queue.");
  families.Sample(static_cast<double>(depths.immediates), {{"queue", "immediates"}});
  families.Sample(static_cast<double>(depths.pending), {{"queue", "pending"}});
  families.Sample(static_cast<double>(depths.ticks), {{"queue", "ticks"}});
  families.Sample(static_cast<double>(depths.microtasks), {{"queue", "microtasks"}});
  families.Sample(static_cast<double>(depths.closing), {{"queue", "closing"}});
}

class LoopCollector final : public prometheus::Collectable {
 public:
  LoopCollector(const LoopStats& stats, const RefCounts& refs, UniqueFunction<LoopQueueDepths()> depths)
      : stats_(stats), refs_(refs), depths_(std::move(depths)) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    Families families;
    AddPhases(stats_, families);
    AddTimes(stats_, families);
    AddEvents(stats_, families);
    AddRefs(refs_, families);
    AddDepths(depths_(), families);
    return std::move(families).Take();
  }

 private:
  const LoopStats& stats_;
  const RefCounts& refs_;
  // Mutable: Collect() is const in prometheus-cpp, calling a UniqueFunction is not.
  mutable UniqueFunction<LoopQueueDepths()> depths_;
};

}  // namespace

Collector NewLoopCollector(const LoopStats& stats, const RefCounts& refs, UniqueFunction<LoopQueueDepths()> depths) {
  return Collector(new LoopCollector(stats, refs, std::move(depths)));
}

}  // namespace rota
