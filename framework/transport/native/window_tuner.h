#ifndef ROTA_TRANSPORT_NATIVE_WINDOW_TUNER_H_
#define ROTA_TRANSPORT_NATIVE_WINDOW_TUNER_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "framework/base/clock.h"

namespace rota::native {

// Finds a window of flow control that does not slow a far peer down: it should hold what comes in during one round trip (the
// bandwidth-delay product). A PING measures: what comes before its answer was sent within one round trip, and when that is
// most of the window, the window was the limit, so it is doubled.
// Thread: one.
// Source: as gRPC does it, https://grpc.io/blog/grpc-go-perf-improvements/.
class WindowTuner {
 public:
  WindowTuner(uint32_t window, uint32_t largest) : window_(window), largest_(largest) {}

  // Bytes of DATA have come. True: a PING is to be sent, whose answer is OnPong(). `clock` has a Now(), which is asked then.
  template <typename C>
  bool OnData(size_t bytes, const C& clock) {
    seen_ += bytes;
    // Not for every message: a peer that sends little needs no more.
    if (measuring_ || window_ >= largest_ || seen_ < window_ / 4) return false;
    measuring_ = true;
    seen_ = 0;
    pinged_at_ = clock.Now();
    return true;
  }
  // The PING is answered. Returns the window from here on, when it grows.
  std::optional<uint32_t> OnPong(TimePoint now) {
    if (!measuring_) return std::nullopt;
    measuring_ = false;
    const size_t sample = seen_;
    seen_ = 0;
    const double seconds = std::max(1e-6, std::chrono::duration<double>(now - pinged_at_).count());
    const double bandwidth = static_cast<double>(sample) / seconds;
    // A longer round trip alone is a queue on the way, which a larger window would only make longer.
    if (sample < window_ / 3 * 2 || bandwidth <= bandwidth_) return std::nullopt;
    bandwidth_ = bandwidth;
    window_ = static_cast<uint32_t>(std::min<size_t>(largest_, std::max<size_t>(sample * 2, window_)));
    return window_;
  }

 private:
  uint32_t window_;
  const uint32_t largest_;
  bool measuring_ = false;
  size_t seen_ = 0;  // Since the last PING, or its answer.
  TimePoint pinged_at_{};
  double bandwidth_ = 0;  // Bytes a second; the most that was measured.
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_WINDOW_TUNER_H_
