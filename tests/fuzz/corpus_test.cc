// The fuzz targets without libFuzzer: the inputs of the corpus, and thousands that are a few changes away from them.

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/targets.h"

namespace rota::fuzz {
namespace {

using Target = std::function<void(const uint8_t*, size_t)>;

void Run(const Target& target, const std::string& input) { target(reinterpret_cast<const uint8_t*>(input.data()), input.size()); }

std::string Changed(std::string input, const std::vector<std::string>& corpus, std::mt19937_64& random) {
  for (uint64_t changes = 1 + random() % 4; changes > 0 && !input.empty(); --changes) {
    const size_t at = random() % input.size();
    switch (random() % 5) {
      case 0:
        input[at] = static_cast<char>(random());
        break;
      case 1:
        input[at] = static_cast<char>(input[at] ^ (1 << random() % 8));
        break;
      case 2:
        input.erase(at, 1 + random() % 16);
        break;
      case 3:
        input.resize(at + 1);
        break;
      default:
        input.insert(at, corpus[random() % corpus.size()].substr(1, random() % 200));
    }
  }
  return input;
}

void RunAll(const Target& target, const std::vector<std::string>& corpus, size_t changed) {
  for (const std::string& input : corpus) Run(target, input);
  std::mt19937_64 random(1);
  for (size_t i = 0; i < changed; ++i) Run(target, Changed(corpus[random() % corpus.size()], corpus, random));
}

TEST(CorpusTest, BytesOfAPeerBreakNothing) {
  RunAll(ServeBytes, ByteStreamCorpus(), 5000);
  EXPECT_GT(CallsBegun(), 1000u);
}
TEST(CorpusTest, TheEndOfAFieldThatIsCutIsReached) {
  const uint64_t begun = CallsBegun(), refused = CallsRefused();
  const std::string input = CutFieldInput();
  EXPECT_GT(input.size(), 65536u);
  RunAll(ServeBytes, {input}, 0);
  EXPECT_EQ(CallsRefused(), refused + 1);
  EXPECT_EQ(CallsBegun(), begun + 1);
}
TEST(CorpusTest, MetadataBreaksNothing) { RunAll(CodeMetadata, MetadataCorpus(), 50000); }

}  // namespace
}  // namespace rota::fuzz
