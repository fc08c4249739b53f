#ifndef ROTA_RPC_RPC_STATS_H_
#define ROTA_RPC_RPC_STATS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "framework/base/histogram.h"
#include "framework/base/status.h"

namespace rota {

// What one method counts, in plain integers of the loop thread.
struct MethodStats {
  uint64_t started = 0;
  // By status code. A call counts once: with the status that the server gave it, or with that of its end when the peer
  // went away before.
  std::array<uint64_t, kStatusCodeCount> handled{};
  uint64_t in_flight = 0;
  uint64_t messages_received = 0;
  uint64_t messages_sent = 0;
  // From the start of a call to its status.
  DurationHistogram latency;

  void OnStarted() noexcept {
    ++started;
    ++in_flight;
  }
  void OnHandled(StatusCode code, std::chrono::nanoseconds taken) noexcept {
    --in_flight;
    ++handled[static_cast<size_t>(code)];
    latency.Record(taken);
  }
};

}  // namespace rota

#endif  // ROTA_RPC_RPC_STATS_H_
