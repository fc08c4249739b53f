// libFuzzer's entry for targets.h, ServeBytes().

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/targets.h"

namespace {

// Inputs that got past the end of a field that is cut: one call was refused, and another one on the same connection began. At the end
// it is said how many, and fuzz_test.sh wants to hear of some.
uint64_t behind_cut_fields = 0;

void Say() { std::fprintf(stderr, "stat::inputs_behind_cut_fields:  %llu\n", static_cast<unsigned long long>(behind_cut_fields)); }

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) { return std::atexit(&Say); }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
  constexpr size_t kCutAbove = 64 << 10;
  const uint64_t begun = rota::fuzz::CallsBegun(), refused = rota::fuzz::CallsRefused();
  rota::fuzz::ServeBytes(input, size);
  if (size > kCutAbove && rota::fuzz::CallsRefused() > refused && rota::fuzz::CallsBegun() > begun) ++behind_cut_fields;
  return 0;
}
