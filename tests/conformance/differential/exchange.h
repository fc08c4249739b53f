#ifndef ROTA_TESTS_CONFORMANCE_DIFFERENTIAL_EXCHANGE_H_
#define ROTA_TESTS_CONFORMANCE_DIFFERENTIAL_EXCHANGE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/faults/frames.h"
#include "tests/faults/raw_connection.h"

namespace rota::differential {

// What a client sends in one call: good or bad, but the same bytes for the same seed.
struct Exchange {
  faults::Fields fields;
  std::vector<std::string> data;  // the payloads of DATA frames, of which the last one ends the stream
  // What is special about it, by name: "path of nowhere", "grpc-timeout malformed".
  std::vector<std::string> traits;

  bool Has(std::string_view trait) const;
  std::string Text() const;
};

// Calls of grpc.testing.TestService, and near it.
Exchange Generate(uint64_t seed);

// Sends it on a connection of its own; what came back, in words that are the same wherever two servers mean the same:
// the status of HTTP and of gRPC, metadata that was echoed, and every message, unpacked.
std::string Answered(const std::string& address, const Exchange& exchange);

// Why these two answers to it may differ, or "".
std::string KnownDifference(const Exchange& exchange, const std::string& native, const std::string& grpcpp);

}  // namespace rota::differential

#endif  // ROTA_TESTS_CONFORMANCE_DIFFERENTIAL_EXCHANGE_H_
