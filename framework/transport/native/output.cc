#include "framework/transport/native/output.h"

#include <algorithm>

namespace rota::native {

void Output::AddPiece(const uint8_t* bytes, size_t size) {
  ROTA_CHECK(count_ < kMaxPieces, "an output takes no more than it has room for");
  pieces_[count_++] = {const_cast<uint8_t*>(bytes), size};
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
