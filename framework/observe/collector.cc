#include "framework/observe/collector.h"

#include <prometheus/collectable.h>

namespace rota {

void DestroyCollector::operator()(prometheus::Collectable* collectable) const { delete collectable; }

}  // namespace rota
