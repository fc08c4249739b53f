#ifndef ROTA_TESTS_CONFORMANCE_DIFFERENTIAL_EXCHANGE_H_
#define ROTA_TESTS_CONFORMANCE_DIFFERENTIAL_EXCHANGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/faults/frames.h"

namespace rota::differential {

// What is special about an exchange, and what it takes to make the same exchange without that.
struct Trait {
  std::string name;  // "path of nowhere", "grpc-timeout malformed"
  // A field that is to go, and what takes its place.
  std::optional<std::pair<std::string, std::string>> field = {};
  faults::Fields instead = {};
  // How many bytes of the body are to stay, and what comes behind them.
  std::optional<size_t> body_bytes = {};
  std::string then = {};
};

// What a client sends in one call: good or bad, but the same bytes for the same seed.
struct Exchange {
  faults::Fields fields;
  std::vector<std::string> data;  // the payloads of DATA frames
  bool half_closes = true;        // with the last one of them
  // How many messages the client waits for before it resets the stream.
  std::optional<size_t> resets_after = {};
  std::vector<Trait> traits;

  bool Has(std::string_view trait) const;
  // The same in all but this, which is one of its traits.
  Exchange Without(const Trait& trait) const;
  std::string Text() const;
};

// Calls of grpc.testing.TestService, and near it.
Exchange Generate(uint64_t seed);

}  // namespace rota::differential

#endif  // ROTA_TESTS_CONFORMANCE_DIFFERENTIAL_EXCHANGE_H_
