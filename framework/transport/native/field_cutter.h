#ifndef ROTA_TRANSPORT_NATIVE_FIELD_CUTTER_H_
#define ROTA_TRANSPORT_NATIVE_FIELD_CUTTER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rota::native {

// Cuts the names and values of header fields to what nghttp2 decodes, which ends the connection over a longer one and has no
// option for it. They are far beyond the limit of a header list then, so that the stream is refused all the same, and only it.
// It is for header blocks of several frames: a string as long as that fits into no single one (kMaxFrameBytes).
//
// A string that is cut has its first kMostBytes bytes, all of them 'x', so that it is a legal name and a legal value and needs
// no Huffman code; the length before it is written anew in as many bytes, and the frames that held the rest of it become shorter,
// maybe empty. So there are as many frames as before. A field like this has the same effect on the dynamic table of HPACK as what
// the peer has sent: both are larger than the table, and empty it (RFC 7541, section 4.4).
//
// What it cannot read goes to nghttp2 as it is, which judges it.
// Thread: one.
// Bound:  what it keeps is what was added last and not taken yet, and kMostHeld bytes.
// Source: RFC 7541, sections 5 and 6; RFC 9113, sections 6.2 and 6.10.
class FieldCutter {
 public:
  // NGHTTP2_HD_MAX_NV of nghttp2_hd.h.
  static constexpr size_t kMostBytes = 64 << 10;
  static constexpr size_t kMostHeld = 256;
  // What a frame may have behind its header, as long as we announce nothing else (RFC 9113, section 6.5.2).
  static constexpr size_t kMaxFrameBytes = 16384;

  // The first bytes are the last `lead` ones of a frame that began before.
  explicit FieldCutter(size_t lead) : behind_(lead) {}

  // Adds what comes next, in two parts, in which every frame header is whole. What was added before must be taken.
  void Add(std::span<const uint8_t> head, std::span<const uint8_t> rest);
  // What nghttp2 is to get for the next `most` bytes of it, a frame header more or less.
  std::vector<uint8_t> Take(size_t most);
  bool HoldsInput() const { return taken_ < in_.size(); }
  // No block of several frames is under way, and nothing is kept: what follows needs no cutting until one begins.
  bool idle() const { return !open_ && !HoldsInput(); }
  // A CONTINUATION was larger than a frame may be. The connection is to end (RFC 9113, section 4.2) and what came with it is not to
  // be looked at: nghttp2 checks the size of all frames but this one, and counts on it where it bounds a block by its frames.
  bool too_large() const { return too_large_; }

 private:
  // What the next byte of a block is.
  enum class State : uint8_t {
    kField,       // the first one of a field
    kIndex,       // a further one of a number, of a field of the table or of a size
    kLength,      // the first one of the length of a string
    kMoreLength,  // a further one of it
    kString,
    kUnreadable,
  };
  // A length of up to 32 bits takes six bytes.
  static constexpr size_t kMostDigits = 6;

  // Each takes some bytes, and returns how many.
  size_t TakeHeader(std::span<const uint8_t> bytes);
  size_t TakePayload(std::span<const uint8_t> bytes);
  void BeginBlock(size_t payload, uint8_t flags);
  void TakePadding(uint8_t length);
  void TakeFragment(std::span<const uint8_t> bytes);
  // Up to a string that is cut, or to what it cannot read.
  size_t TakeFields(std::span<const uint8_t> bytes);
  size_t TakeCutString(std::span<const uint8_t> bytes);
  // `place` is where it will be in out_.
  void TakeByte(uint8_t byte, size_t place);
  void BeginField(uint8_t byte);
  void BeginString();
  void EndPart();
  // Writes kMostBytes in place of a greater length.
  void CutLength();
  void Copy(std::span<const uint8_t> bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

  // The payload of a frame: what is ahead of its fragment of the block, the fragment, and what is behind it. A frame that is part of no
  // such block is behind altogether.
  size_t ahead_ = 0;
  size_t fragment_ = 0;
  size_t behind_;
  bool padded_ = false;  // The first byte of what is ahead says how much is padding.

  // The block.
  bool open_ = false;
  bool last_frame_ = false;
  bool too_large_ = false;
  uint32_t stream_ = 0;
  State state_ = State::kField;
  State after_index_ = State::kField;
  int strings_ = 0;      // of this field to come, with the one that has begun
  uint64_t length_ = 0;  // as far as it was read
  bool cut_ = false;
  size_t passed_on_ = 0;  // What is left of a string to be passed on,
  size_t dropped_ = 0;    // and to be dropped.

  // What was added, from taken_ on.
  std::vector<uint8_t> in_;
  size_t taken_ = 0;

  // What nghttp2 is to get. A length is kept until it is whole, with all that follows, because it may have to be changed.
  std::vector<uint8_t> out_;
  std::vector<uint8_t> held_;
  std::array<size_t, kMostDigits> digits_{};  // Where in out_, or held_, the bytes of the length are: there may be frame headers between.
  size_t digit_count_ = 0;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_FIELD_CUTTER_H_
