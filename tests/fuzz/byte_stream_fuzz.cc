// libFuzzer's entry for targets.h, ServeBytes().

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
  rota::fuzz::ServeBytes(input, size);
  return 0;
}
