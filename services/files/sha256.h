#ifndef ROTA_SERVICES_FILES_SHA256_H_
#define ROTA_SERVICES_FILES_SHA256_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace files {

// The SHA-256 of bytes that come in pieces.
// Thread: a value.
// Source: FIPS 180-4, sections 4.1.2, 5 and 6.2.
class Sha256 {
 public:
  void Add(std::string_view bytes);
  // 64 lower-case hexadecimal digits. Nothing may be added afterwards.
  std::string Finish();

 private:
  static constexpr size_t kBlockBytes = 64;
  void AddBlock(const uint8_t* block);

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, kBlockBytes> rest_{};
  size_t rest_bytes_ = 0;
  uint64_t total_bytes_ = 0;
};

}  // namespace files

#endif  // ROTA_SERVICES_FILES_SHA256_H_
