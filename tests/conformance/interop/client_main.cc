// Runs the interoperability cases with gRPC's C++ library.
// usage: cpp_client ADDRESS CASE [CA [CERTIFICATE KEY]]; `list` for CASE prints the names of all.

#include <cstdio>
#include <string>
#include <vector>

#include "tests/conformance/interop/cases.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 2) {
    std::fputs("usage: cpp_client ADDRESS CASE|list [CA [CERTIFICATE KEY]]\n", stderr);
    return 2;
  }
  interop::Target target{.address = arguments[0]};
  if (arguments.size() > 2) target.ca = arguments[2];
  if (arguments.size() > 4) {
    target.certificate = arguments[3];
    target.key = arguments[4];
  }
  for (const interop::Case& known : interop::Cases()) {
    if (arguments[1] == "list") std::printf("%s\n", std::string(known.name).c_str());
    if (arguments[1] != known.name) continue;
    const std::string failure = interop::RunCase(known, target);
    if (!failure.empty()) std::fprintf(stderr, "%s\n", failure.c_str());
    return failure.empty() ? 0 : 1;
  }
  if (arguments[1] == "list") return 0;
  std::fprintf(stderr, "there is no case '%s'\n", arguments[1].c_str());
  return 2;
}
