#ifndef ROTA_TESTS_CONFORMANCE_DIFFERENTIAL_RULES_H_
#define ROTA_TESTS_CONFORMANCE_DIFFERENTIAL_RULES_H_

#include <functional>
#include <string>

#include "tests/conformance/differential/answers.h"
#include "tests/conformance/differential/exchange.h"

namespace rota::differential {

// Asks a server for its answer to another exchange than the one in question.
struct Servers {
  std::function<Answered(const Exchange&)> native, grpcpp;
};

// Why the two may answer this differently, or "". Each must have answered as a rule for one of the traits says of it.
std::string KnownDifference(const Exchange& exchange, const Answered& native, const Answered& grpcpp, const Servers& servers);

// Whether gRPC ends the connection over it, and with that the other calls.
bool EndsConnection(const Exchange& exchange);

}  // namespace rota::differential

#endif  // ROTA_TESTS_CONFORMANCE_DIFFERENTIAL_RULES_H_
