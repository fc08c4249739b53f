#include "framework/rpc/rpc_stats.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace rota {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

TEST(RpcStatsTest, ACallIsInFlightUntilItHasItsStatus) {
  MethodStats stats;
  stats.OnStarted();
  stats.OnStarted();
  EXPECT_EQ(stats.started, 2u);
  EXPECT_EQ(stats.in_flight, 2u);
  EXPECT_EQ(stats.latency.count(), 0u);
  stats.OnHandled(StatusCode::kOk, microseconds(3));
  EXPECT_EQ(stats.started, 2u);
  EXPECT_EQ(stats.in_flight, 1u);
  EXPECT_EQ(stats.latency.count(), 1u);
  EXPECT_EQ(stats.latency.sum(), microseconds(3));
}

TEST(RpcStatsTest, EachStatusHasACountOfItsOwn) {
  MethodStats stats;
  for (size_t code = 0; code < kStatusCodeCount; ++code) {
    for (size_t i = 0; i <= code; ++i) {
      stats.OnStarted();
      stats.OnHandled(static_cast<StatusCode>(code), nanoseconds(1));
    }
  }
  for (size_t code = 0; code < kStatusCodeCount; ++code) EXPECT_EQ(stats.handled[code], code + 1);
  EXPECT_EQ(stats.in_flight, 0u);
  EXPECT_EQ(stats.started, std::accumulate(stats.handled.begin(), stats.handled.end(), uint64_t{0}));
  EXPECT_EQ(stats.latency.count(), stats.started);
}

}  // namespace
}  // namespace rota
