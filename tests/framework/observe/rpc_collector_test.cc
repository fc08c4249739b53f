#include "framework/observe/rpc_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/collectable.h>

#include <chrono>
#include <string>

#include "framework/base/status.h"
#include "framework/observe/metrics_page.h"
#include "framework/observe/transport_collector.h"
#include "framework/rpc/rpc_stats.h"
#include "framework/rpc/service_registry.h"
#include "framework/rpc/transport.h"

namespace rota {
namespace {

using ::testing::HasSubstr;

TEST(RpcCollectorTest, ACallThatFoundNoMethodHasNoNameOfThePeersChoice) {
  ServiceRegistry registry;
  MetricsPage page;
  page.Add(NewRpcCollector(registry));
  EXPECT_THAT(page.Text(), HasSubstr("rota_rpc_server_calls_total{service=\"unknown\",method=\"unknown\",code=\"UNIMPLEMENTED\"} 0\n"));
  registry.unknown().OnStarted();
  EXPECT_THAT(page.Text(), HasSubstr("rota_rpc_server_calls_started_total{service=\"unknown\",method=\"unknown\"} 1\n"));
  EXPECT_THAT(page.Text(), HasSubstr("rota_rpc_server_calls_in_flight{service=\"unknown\",method=\"unknown\"} 1\n"));
  registry.unknown().OnHandled(StatusCode::kUnimplemented, std::chrono::milliseconds(3));
  const std::string text = page.Text();
  EXPECT_THAT(text, HasSubstr("rota_rpc_server_calls_in_flight{service=\"unknown\",method=\"unknown\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("rota_rpc_server_calls_total{service=\"unknown\",method=\"unknown\",code=\"UNIMPLEMENTED\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("rota_rpc_server_call_duration_seconds_sum{service=\"unknown\",method=\"unknown\"} 0.003\n"));
}

TEST(TransportCollectorTest, EachFamilyIsLabelledByTheTransport) {
  TransportStats stats;
  MetricsPage page;
  page.Add(NewTransportCollector("grpcpp", stats));
  stats.calls_refused = 2;
  stats.bytes_sent = 1000;
  EXPECT_THAT(page.Text(), HasSubstr("\nrota_transport_calls_refused_total{transport=\"grpcpp\"} 2\n"));
  EXPECT_THAT(page.Text(), HasSubstr("\nrota_transport_sent_bytes_total{transport=\"grpcpp\"} 1000\n"));
}

}  // namespace
}  // namespace rota
