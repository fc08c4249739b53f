// The same bytes for both transports: what comes back must mean the same.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/differential/exchange.h"
#include "tests/framework/runtime/service_process.h"

namespace rota::differential {
namespace {

// ROTA_SEEDS=FIRST-LAST; a failure names its seed.
std::pair<uint64_t, uint64_t> Seeds() {
  const char* const given = std::getenv("ROTA_SEEDS");
  const std::string text = given == nullptr || *given == '\0' ? "1-400" : given;
  return {std::stoull(text), std::stoull(text.substr(text.find('-') + 1))};
}

TEST(DifferentialTest, BothTransportsAnswerTheSameBytesAlike) {
  const auto flags = [](const std::string& transport) {
    return std::vector<std::string>{"--transport=" + transport, "--listen=127.0.0.1:0", "--admin=off", "--max-message-bytes=65536"};
  };
  ServiceProcess native("tests/conformance/interop/interop_server", flags("native"));
  ServiceProcess grpcpp("tests/conformance/interop/interop_server", flags("grpcpp"));
  const std::string ours = native.Address("grpc"), oracle = grpcpp.Address("grpc");
  const auto [first, last] = Seeds();
  std::map<std::string, size_t> explained;
  size_t same = 0, different = 0;
  for (uint64_t seed = first; seed <= last; ++seed) {
    const Exchange exchange = Generate(seed);
    const std::string mine = Answered(ours, exchange), theirs = Answered(oracle, exchange);
    if (mine == theirs) {
      ++same;
    } else if (const std::string why = KnownDifference(exchange, mine, theirs); !why.empty()) {
      ++explained[why];
    } else {
      ++different;
      ADD_FAILURE() << "seed " << seed << "\n" << exchange.Text() << "\n  native: " << mine << "\n  grpcpp: " << theirs;
    }
  }
  std::printf("differential: seeds %llu to %llu: %zu alike, %zu different\n", static_cast<unsigned long long>(first), static_cast<unsigned long long>(last), same, different);
  for (const auto& [why, count] : explained) std::printf("    %zu explained: %s\n", count, why.c_str());
}

}  // namespace
}  // namespace rota::differential
