#ifndef ROTA_TRANSPORT_NATIVE_FRAME_SCANNER_H_
#define ROTA_TRANSPORT_NATIVE_FRAME_SCANNER_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rota::native {

// Finds the headers of frames in what a client sends, before nghttp2 sees it: for what nghttp2 ignores and tells nobody, and
// for what it must not see. The type of a frame can be changed: nghttp2 passes over frames of a type that nobody knows
// (RFC 9113, section 5.5), whatever is in them. A header that comes in pieces is held back until it is whole.
// Thread: one.
// Source: RFC 9113, sections 3.4 and 4.1.
class FrameScanner {
 public:
  static constexpr size_t kHeaderBytes = 9;

  // Calls `on_frame(uint8_t& type, int32_t stream)` for each header that ends in `bytes`. It may change the type, here and now
  // in `bytes`, or return false to stop.
  template <typename OnFrame>
  bool Scan(std::span<uint8_t> bytes, OnFrame on_frame) {
    head_ = {};
    whole_ = bytes;
    lead_ = skip_;
    while (!bytes.empty()) {
      if (skip_ > 0) {
        const size_t step = std::min(skip_, bytes.size());
        skip_ -= step;
        bytes = bytes.subspan(step);
        continue;
      }
      const size_t before = filled_;
      const size_t step = std::min(kHeaderBytes - before, bytes.size());
      uint8_t* const piece = bytes.data();
      std::copy_n(piece, step, header_.data() + before);
      filled_ += step;
      bytes = bytes.subspan(step);
      if (filled_ < kHeaderBytes) {
        whole_ = whole_.first(static_cast<size_t>(piece - whole_.data()));
        return true;
      }
      filled_ = 0;
      skip_ = (size_t{header_[0]} << 16) | (size_t{header_[1]} << 8) | header_[2];
      const uint32_t stream = (uint32_t{header_[5]} << 24) | (uint32_t{header_[6]} << 16) | (uint32_t{header_[7]} << 8) | header_[8];
      if (!on_frame(header_[kType], static_cast<int32_t>(stream & 0x7fffffff))) return false;
      if (before == 0) {
        piece[kType] = header_[kType];
      } else {
        split_ = header_;
        head_ = split_;
        whole_ = bytes;
      }
    }
    return true;
  }

  // In `on_frame`: the flags of the frame, and how much of what is scanned was left of a frame that began before.
  uint8_t flags() const { return header_[kFlags]; }
  size_t lead() const { return lead_; }

  // After a Scan(): a frame of this type has begun, and its payload is not whole.
  bool IsWithin(uint8_t type) const { return skip_ > 0 && header_[kType] == type; }

  // What nghttp2 is to get after a Scan() that did not stop, in this order: a header of which the first bytes came before, and
  // what follows it up to a header that is not whole yet. Valid until the next one.
  std::span<const uint8_t> head() const { return head_; }
  std::span<const uint8_t> rest() const { return whole_; }

 private:
  static constexpr size_t kPrefaceBytes = 24;
  static constexpr size_t kType = 3;
  static constexpr size_t kFlags = 4;

  size_t skip_ = kPrefaceBytes;
  size_t lead_ = 0;
  std::array<uint8_t, kHeaderBytes> header_{};
  size_t filled_ = 0;
  std::array<uint8_t, kHeaderBytes> split_{};
  std::span<const uint8_t> head_;
  std::span<uint8_t> whole_;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_FRAME_SCANNER_H_
