#ifndef ROTA_TRANSPORT_NATIVE_FRAME_SCANNER_H_
#define ROTA_TRANSPORT_NATIVE_FRAME_SCANNER_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rota::native {

// Finds the headers of frames in what a client sends, before nghttp2 sees it: for what nghttp2 ignores and tells nobody.
// Thread: one.
// Source: RFC 9113, sections 3.4 and 4.1.
class FrameScanner {
 public:
  // Calls `on_frame(type, stream)` for each header that ends in `bytes`. It may return false to stop.
  template <typename OnFrame>
  bool Scan(std::span<const uint8_t> bytes, OnFrame on_frame) {
    while (!bytes.empty()) {
      if (skip_ > 0) {
        const size_t step = std::min(skip_, bytes.size());
        skip_ -= step;
        bytes = bytes.subspan(step);
        continue;
      }
      const size_t step = std::min(kHeaderBytes - filled_, bytes.size());
      std::copy_n(bytes.data(), step, header_.data() + filled_);
      filled_ += step;
      bytes = bytes.subspan(step);
      if (filled_ < kHeaderBytes) return true;
      filled_ = 0;
      skip_ = (size_t{header_[0]} << 16) | (size_t{header_[1]} << 8) | header_[2];
      const uint32_t stream = (uint32_t{header_[5]} << 24) | (uint32_t{header_[6]} << 16) | (uint32_t{header_[7]} << 8) | header_[8];
      if (!on_frame(header_[3], static_cast<int32_t>(stream & 0x7fffffff))) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kPrefaceBytes = 24;
  static constexpr size_t kHeaderBytes = 9;

  size_t skip_ = kPrefaceBytes;
  std::array<uint8_t, kHeaderBytes> header_{};
  size_t filled_ = 0;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_FRAME_SCANNER_H_
