// libFuzzer's entry for targets.h, CodeMetadata().

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
  rota::fuzz::CodeMetadata(input, size);
  return 0;
}
