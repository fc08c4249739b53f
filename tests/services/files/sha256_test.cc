#include "services/files/sha256.h"

#include <gtest/gtest.h>

#include <string>

namespace files {
namespace {

std::string HashOf(std::string_view bytes) {
  Sha256 hash;
  hash.Add(bytes);
  return hash.Finish();
}

// The vectors of FIPS 180-2, appendix B, and of the empty message.
TEST(Sha256Test, HashesThePublishedVectors) {
  EXPECT_EQ(HashOf(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(HashOf("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HashOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(HashOf(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, PiecesOfAnySizeGiveTheHashOfTheWhole) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) bytes += static_cast<char>(i * 7);
  for (const size_t size : {1, 3, 55, 56, 63, 64, 65, 127, 128}) {
    Sha256 hash;
    for (size_t at = 0; at < bytes.size(); at += size) hash.Add(std::string_view(bytes).substr(at, size));
    EXPECT_EQ(hash.Finish(), HashOf(bytes)) << size;
  }
}

TEST(Sha256Test, MessagesAroundTheEndOfABlockDiffer) {
  // Lengths at which the padding needs a block of its own.
  EXPECT_EQ(HashOf(std::string(55, 'a')), "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
  EXPECT_EQ(HashOf(std::string(56, 'a')), "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
  EXPECT_EQ(HashOf(std::string(64, 'a')), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}

}  // namespace
}  // namespace files
