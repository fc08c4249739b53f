#include "framework/transport/native/field_cutter.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "framework/base/check.h"

namespace rota::native {
namespace {

constexpr size_t kHeaderBytes = 9;
constexpr size_t kPriorityBytes = 5;

// The bits of a byte that begin a number, and all ones in them: the number goes on (RFC 7541, section 5.1).
constexpr uint8_t kStringBits = 0x7f;
constexpr uint8_t kMore = 0x80;

uint32_t Number(std::span<const uint8_t> bytes) {
  uint32_t number = 0;
  for (const uint8_t byte : bytes) number = (number << 8) | byte;
  return number;
}

}  // namespace

void FieldCutter::Add(std::span<const uint8_t> head, std::span<const uint8_t> rest) {
  ROTA_DCHECK(!HoldsInput(), "more is added before all is taken");
  in_.assign(head.begin(), head.end());
  in_.insert(in_.end(), rest.begin(), rest.end());
  taken_ = 0;
}

std::vector<uint8_t> FieldCutter::Take(size_t most) {
  out_ = std::exchange(held_, {});
  out_.reserve(out_.size() + std::min(most, in_.size() - taken_) + kHeaderBytes);
  for (const size_t begin = taken_; HoldsInput() && taken_ - begin < most;) {
    const std::span<const uint8_t> bytes = std::span(in_).subspan(taken_);
    const bool in_frame = ahead_ + fragment_ + behind_ > 0;
    taken_ += in_frame ? TakePayload(bytes.first(std::min(bytes.size(), most - (taken_ - begin)))) : TakeHeader(bytes);
  }
  if (!open_ || state_ != State::kMoreLength) return std::exchange(out_, {});
  const size_t ready = digits_[0];
  if (out_.size() - ready > kMostHeld) {
    // Empty frames in the midst of a length, and many of them.
    state_ = State::kUnreadable;
    return std::exchange(out_, {});
  }
  held_.assign(out_.begin() + static_cast<ptrdiff_t>(ready), out_.end());
  for (size_t i = 0; i < digit_count_; ++i) digits_[i] -= ready;
  out_.resize(ready);
  return std::exchange(out_, {});
}

// ---- Frames.

size_t FieldCutter::TakeHeader(std::span<const uint8_t> bytes) {
  ROTA_CHECK(bytes.size() >= kHeaderBytes, "half a frame header");
  const std::span<const uint8_t> header = bytes.first(kHeaderBytes);
  Copy(header);
  const size_t size = Number(header.first(3));
  const uint8_t type = header[3], flags = header[4];
  const uint32_t stream = Number(header.subspan(5));
  const bool goes_on = open_ && type == NGHTTP2_CONTINUATION && stream == stream_;
  if (goes_on) {
    fragment_ = size;
    too_large_ = too_large_ || size > kMaxFrameBytes;
    last_frame_ = (flags & NGHTTP2_FLAG_END_HEADERS) != 0;
    const size_t of_string = state_ == State::kString ? std::min(passed_on_ + dropped_, size) : 0;
    const size_t left = size - (of_string - std::min(of_string, passed_on_));
    uint8_t* const written = out_.data() + out_.size() - kHeaderBytes;
    for (const int shift : {16, 8, 0}) written[(16 - shift) / 8] = static_cast<uint8_t>(left >> shift);
  } else {
    // Anything else within a block ends the connection (RFC 9113, section 6.10), which nghttp2 sees to.
    open_ = type == NGHTTP2_HEADERS && (flags & NGHTTP2_FLAG_END_HEADERS) == 0;
    stream_ = stream;
    BeginBlock(size, flags);
  }
  if (last_frame_ && fragment_ == 0) open_ = false;
  return kHeaderBytes;
}

void FieldCutter::BeginBlock(size_t payload, uint8_t flags) {
  state_ = State::kField;
  last_frame_ = padded_ = false;
  ahead_ = 0;
  if (open_) {
    padded_ = (flags & NGHTTP2_FLAG_PADDED) != 0;
    ahead_ = (padded_ ? 1 : 0) + ((flags & NGHTTP2_FLAG_PRIORITY) != 0 ? kPriorityBytes : 0);
    // It ends the connection, and so does more padding than there is room for.
    if (ahead_ > payload) open_ = padded_ = false;
  }
  if (!open_) ahead_ = 0;
  fragment_ = open_ ? payload - ahead_ : 0;
  behind_ = open_ ? 0 : payload;
}

size_t FieldCutter::TakePayload(std::span<const uint8_t> bytes) {
  if (padded_ && ahead_ > 0) TakePadding(bytes.front());
  size_t& part = ahead_ > 0 ? ahead_ : fragment_ > 0 ? fragment_ : behind_;
  const std::span<const uint8_t> here = bytes.first(std::min(part, bytes.size()));
  if (&part == &fragment_) {
    TakeFragment(here);
  } else {
    Copy(here);
  }
  part -= here.size();
  if (last_frame_ && fragment_ == 0) open_ = false;
  return here.size();
}

void FieldCutter::TakePadding(uint8_t length) {
  padded_ = false;
  behind_ = std::min<size_t>(length, fragment_);
  fragment_ -= behind_;
}

// ---- The block.

void FieldCutter::TakeFragment(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    if (state_ == State::kUnreadable) return Copy(bytes);
    bytes = bytes.subspan(state_ == State::kString && cut_ ? TakeCutString(bytes) : TakeFields(bytes));
  }
}

// Many fields are small: they are copied together, once they are read.
size_t FieldCutter::TakeFields(std::span<const uint8_t> bytes) {
  const size_t place = out_.size();
  size_t taken = 0;
  while (taken < bytes.size() && state_ != State::kUnreadable) {
    if (state_ != State::kString) {
      TakeByte(bytes[taken], place + taken);
      ++taken;
      continue;
    }
    if (cut_) break;
    const size_t step = std::min(passed_on_, bytes.size() - taken);
    taken += step;
    passed_on_ -= step;
    if (passed_on_ == 0) EndPart();
  }
  Copy(bytes.first(taken));
  // It has begun here: one that went on would have gone to TakeCutString().
  if (state_ == State::kString && cut_) CutLength();
  return taken;
}

void FieldCutter::TakeByte(uint8_t byte, size_t place) {
  const bool more = (byte & kMore) != 0;
  switch (state_) {
    case State::kField:
      return BeginField(byte);
    case State::kIndex:
      if (!more) state_ = after_index_;
      return;
    case State::kLength:
      digits_[0] = place;
      digit_count_ = 1;
      length_ = byte & kStringBits;
      if (length_ < kStringBits) return BeginString();
      state_ = State::kMoreLength;
      return;
    case State::kMoreLength:
      length_ += uint64_t{static_cast<uint8_t>(byte & ~kMore)} << (7 * (digit_count_ - 1));
      digits_[digit_count_++] = place;
      if (!more && length_ <= std::numeric_limits<uint32_t>::max()) return BeginString();
      if (!more || digit_count_ == kMostDigits) state_ = State::kUnreadable;
      return;
    case State::kString:
    case State::kUnreadable:
      return;
  }
}

// RFC 7541, sections 6.1 to 6.3.
void FieldCutter::BeginField(uint8_t byte) {
  const bool indexed = (byte & 0x80) != 0;
  const bool into_table = (byte & 0xc0) == 0x40;
  const bool table_size = (byte & 0xe0) == 0x20;
  const uint8_t bits = indexed ? 0x7f : into_table ? 0x3f : table_size ? 0x1f : 0x0f;
  const uint8_t number = byte & bits;
  strings_ = indexed || table_size ? 0 : number == 0 ? 2 : 1;
  after_index_ = strings_ > 0 ? State::kLength : State::kField;
  state_ = number == bits ? State::kIndex : after_index_;
}

void FieldCutter::BeginString() {
  cut_ = length_ > kMostBytes;
  dropped_ = cut_ ? length_ - kMostBytes : 0;
  passed_on_ = length_ - dropped_;
  state_ = State::kString;
  if (passed_on_ == 0) EndPart();
}

void FieldCutter::CutLength() {
  // Without the bit of the Huffman code.
  out_[digits_[0]] = kStringBits;
  size_t left = kMostBytes - kStringBits;
  for (size_t i = 1; i < digit_count_; ++i, left >>= 7) {
    const uint8_t more = i + 1 < digit_count_ ? kMore : 0;
    out_[digits_[i]] = static_cast<uint8_t>((left & ~kMore) | more);
  }
}

size_t FieldCutter::TakeCutString(std::span<const uint8_t> bytes) {
  const size_t passed_on = std::min(passed_on_, bytes.size());
  out_.insert(out_.end(), passed_on, 'x');
  const size_t dropped = std::min(dropped_, bytes.size() - passed_on);
  passed_on_ -= passed_on;
  dropped_ -= dropped;
  if (passed_on_ + dropped_ == 0) EndPart();
  return passed_on + dropped;
}

void FieldCutter::EndPart() {
  --strings_;
  state_ = strings_ > 0 ? State::kLength : State::kField;
}

}  // namespace rota::native
