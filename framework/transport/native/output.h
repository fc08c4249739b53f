#ifndef ROTA_TRANSPORT_NATIVE_OUTPUT_H_
#define ROTA_TRANSPORT_NATIVE_OUTPUT_H_

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "framework/base/check.h"
#include "framework/rpc/payload.h"

namespace rota::native {

// What one connection is about to send with one system call: short pieces are copied side by side, long ones stay where
// they are.
// Thread: loop.
// Owner:  the server, which has one for all connections, until a connection takes it along because the peer is slow.
class Output {
 public:
  // Up to here a copy is cheaper than a piece of its own.
  static constexpr size_t kCopyUpTo = 1024;
  static constexpr size_t kMaxPieces = 128;
  // No more is gathered for one system call.
  static constexpr size_t kMaxBytes = 256 << 10;

  Output() = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  bool empty() const { return begin_ == count_; }
  size_t size() const { return size_; }
  // One more frame fits, however its bytes are cut into pieces.
  bool HasRoom() const {
    return size_ < kMaxBytes && count_ + kMostPieces <= kMaxPieces && arena_used_ + kMostBytes <= kArenaBytes;
  }

  // Room for `size` bytes, which the caller writes there. It has asked HasRoom() before, for each frame.
  uint8_t* Extend(size_t size) {
    ROTA_CHECK(size <= kArenaBytes - arena_used_, "an output takes no more than it has room for");
    uint8_t* const place = arena_.data() + arena_used_;
    arena_used_ += size;
    size_ += size;
    if (count_ > begin_ && static_cast<uint8_t*>(pieces_[count_ - 1].iov_base) + pieces_[count_ - 1].iov_len == place) {
      pieces_[count_ - 1].iov_len += size;
    } else if (size > 0) {
      AddPiece(place, size);
    }
    return place;
  }
  void Copy(const uint8_t* bytes, size_t size) { std::memcpy(Extend(size), bytes, size); }
  // `bytes` must stay until they are written; see Keep().
  void Refer(const uint8_t* bytes, size_t size) {
    if (size == 0) return;
    AddPiece(bytes, size);
    size_ += size;
  }
  void Append(const uint8_t* bytes, size_t size) { size <= kCopyUpTo ? Copy(bytes, size) : Refer(bytes, size); }
  // Keeps the memory that was referred to until all is written.
  void Keep(Payload message) { kept_.push_back(std::move(message)); }

  // The pieces that are left, for writev.
  std::span<const iovec> pieces() const { return {pieces_.data() + begin_, count_ - begin_}; }
  // The first `bytes` of them are written.
  void Advance(size_t bytes);
  void Clear();

 private:
  // Of one frame, which is no longer than the 16 KiB that nghttp2 puts into one, its header of 9 bytes, and the trailers that
  // may go with it. Each piece that is not copied is longer than kCopyUpTo, and at most one that is copied stands before and after
  // it.
  static constexpr size_t kMostBytes = (16 << 10) + 9 + 64;
  static constexpr size_t kMostPieces = 2 * kMostBytes / kCopyUpTo + 2;
  // For short answers of all calls that a connection begins at once, and for four frames full of short messages: as much as TCP makes
  // one packet of.
  static constexpr size_t kArenaBytes = 4 * kMostBytes;

  void AddPiece(const uint8_t* bytes, size_t size);

  std::array<iovec, kMaxPieces> pieces_;
  size_t begin_ = 0;
  size_t count_ = 0;
  size_t size_ = 0;
  size_t arena_used_ = 0;
  std::vector<Payload> kept_;
  std::array<uint8_t, kArenaBytes> arena_;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_OUTPUT_H_
