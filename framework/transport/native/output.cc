#include "framework/transport/native/output.h"

#include <algorithm>
#include <cstring>

#include "framework/base/check.h"

namespace rota::native {

void Output::Copy(const uint8_t* bytes, size_t size) {
  if (size == 0) return;
  ROTA_CHECK(size <= kArenaBytes - arena_used_, "an output takes no more than it has room for");
  uint8_t* const place = arena_.data() + arena_used_;
  std::memcpy(place, bytes, size);
  arena_used_ += size;
  size_ += size;
  if (count_ > begin_) {
    iovec& last = pieces_[count_ - 1];
    if (static_cast<uint8_t*>(last.iov_base) + last.iov_len == place) {
      last.iov_len += size;
      return;
    }
  }
  ROTA_CHECK(count_ < kMaxPieces, "an output takes no more than it has room for");
  pieces_[count_++] = {place, size};
}

void Output::Refer(const uint8_t* bytes, size_t size) {
  if (size == 0) return;
  ROTA_CHECK(count_ < kMaxPieces, "an output takes no more than it has room for");
  pieces_[count_++] = {const_cast<uint8_t*>(bytes), size};
  size_ += size;
}

void Output::Advance(size_t bytes) {
  size_ -= bytes;
  while (bytes > 0) {
    iovec& first = pieces_[begin_];
    const size_t step = std::min(bytes, first.iov_len);
    first.iov_base = static_cast<uint8_t*>(first.iov_base) + step;
    first.iov_len -= step;
    bytes -= step;
    if (first.iov_len == 0) ++begin_;
  }
  if (empty()) Clear();
}

void Output::Clear() {
  begin_ = count_ = 0;
  size_ = 0;
  arena_used_ = 0;
  kept_.clear();
}

}  // namespace rota::native
