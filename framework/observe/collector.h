#ifndef ROTA_OBSERVE_COLLECTOR_H_
#define ROTA_OBSERVE_COLLECTOR_H_

#include <memory>

namespace prometheus {
class Collectable;
}  // namespace prometheus

namespace rota {

struct DestroyCollector {
  void operator()(prometheus::Collectable* collectable) const;
};
// Turns plain numbers into families when a scrape comes. Can be held and handed on where prometheus-cpp is not known.
// Thread: loop, unless its maker says otherwise.
using Collector = std::unique_ptr<prometheus::Collectable, DestroyCollector>;

}  // namespace rota

#endif  // ROTA_OBSERVE_COLLECTOR_H_
