#include "framework/observe/actor_collector.h"

#include <prometheus/collectable.h>

#include <string>
#include <vector>

#include "framework/actor/actor_kind.h"
#include "framework/observe/families.h"

namespace rota {
namespace {

using observe::Families;

class ActorCollector final : public prometheus::Collectable {
 public:
  explicit ActorCollector(const ActorSystem& system) : system_(system) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    Families families;
    families.Gauge("rota_actor_awake", "Actors that are awake.");
    AddSamples(families, &KindStats::actors);
    families.Gauge("rota_actor_mailbox_depth", "Messages that wait in the mailboxes of a kind.");
    AddSamples(families, &KindStats::mailbox_depth);
    families.Gauge("rota_actor_turns_in_progress", "Turns that run or wait for something.");
    AddSamples(families, &KindStats::running);
    families.Counter("rota_actor_turns_total", "Turns begun.");
    AddSamples(families, &KindStats::turns);
    families.Counter("rota_actor_messages_expired_total", "Messages whose request ended before their turn.");
    AddSamples(families, &KindStats::expired);
    families.Counter("rota_actor_messages_refused_total", "Messages that no mailbox took.");
    AddSamples(families, &KindStats::refused);
    families.Counter("rota_actor_failures_total", "Exceptions that left a turn or a start.");
    AddSamples(families, &KindStats::failures);
    families.Counter("rota_actor_restarts_total", "Actors that the supervisor restarted.");
    AddSamples(families, &KindStats::restarts);
    families.Counter("rota_actor_starts_total", "Actors that were started.");
    AddSamples(families, &KindStats::starts);
    families.Counter("rota_actor_sleeps_total", "Actors that were put to sleep because they were idle.");
    AddSamples(families, &KindStats::sleeps);
    return std::move(families).Take();
  }

 private:
  void AddSamples(Families& families, uint64_t KindStats::*number) const {
    for (const auto& [name, kind] : system_.kinds()) families.Sample(static_cast<double>(kind->stats().*number), {{"kind", name}});
  }

  const ActorSystem& system_;
};

}  // namespace

Collector NewActorCollector(const ActorSystem& system) {
  return Collector(new ActorCollector(system));
}

}  // namespace rota
