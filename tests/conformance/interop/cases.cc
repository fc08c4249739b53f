#include "tests/conformance/interop/cases.h"

namespace interop {

const std::vector<Case>& Cases() {
  static const auto& cases = *new std::vector<Case>([] {
    std::vector<Case> all;
    for (const std::vector<Case>& part : {UnaryCases(), StreamCases(), CompressionCases(), StatusCases()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }());
  return cases;
}

std::string RunCase(const Case& chosen, const Target& target) {
  try {
    chosen.run(Client(target));
    return "";
  } catch (const Failure& failure) {
    return std::string(chosen.name) + ": " + failure.what();
  }
}

}  // namespace interop
