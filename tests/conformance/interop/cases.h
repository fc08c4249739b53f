#ifndef ROTA_TESTS_CONFORMANCE_INTEROP_CASES_H_
#define ROTA_TESTS_CONFORMANCE_INTEROP_CASES_H_

#include <string>
#include <string_view>
#include <vector>

#include "tests/conformance/interop/client.h"

namespace interop {

// One case of gRPC's descriptions, under the name that every implementation gives it.
// Source: https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md.
struct Case {
  std::string_view name;
  // Throws a Failure.
  void (*run)(const Client& client);
};

const std::vector<Case>& Cases();

// Runs one on a new connection: "", or what went wrong.
std::string RunCase(const Case& chosen, const Target& target);

// The parts of Cases(), by what they are about.
std::vector<Case> UnaryCases();
std::vector<Case> StreamCases();
std::vector<Case> CompressionCases();
std::vector<Case> StatusCases();

}  // namespace interop

#endif  // ROTA_TESTS_CONFORMANCE_INTEROP_CASES_H_
