#include "framework/transport/native/field_cutter.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/transport/native/frame_scanner.h"
#include "gtest/gtest.h"

namespace rota::native {
namespace {

using Field = std::pair<std::string, std::string>;
using Fields = std::vector<Field>;

constexpr size_t kMost = FieldCutter::kMostBytes;
constexpr size_t kMaxFrameBytes = 16384;

// ---- Frames.

struct Frame {
  uint8_t type = NGHTTP2_HEADERS;
  uint8_t flags = 0;
  uint8_t stream = 1;
  std::string ahead;  // of the fragment: the length of the padding, and the priority
  std::string fragment;
  std::string padding;

  std::string Bytes() const {
    const std::string payload = ahead + fragment + padding;
    const size_t size = payload.size();
    return std::string{static_cast<char>(size >> 16), static_cast<char>(size >> 8), static_cast<char>(size), static_cast<char>(type),
                       static_cast<char>(flags), '\0', '\0', '\0', static_cast<char>(stream)} +
           payload;
  }
  bool operator==(const Frame&) const = default;
};

std::string Bytes(const std::vector<Frame>& frames) {
  std::string bytes;
  for (const Frame& frame : frames) bytes += frame.Bytes();
  return bytes;
}

// The frames of `bytes`, where `like` says what is not in their headers.
std::vector<Frame> Parse(std::string_view bytes, const std::vector<Frame>& like) {
  std::vector<Frame> frames;
  for (const Frame& sent : like) {
    if (bytes.size() < 9) break;
    const auto byte = [&](size_t at) { return static_cast<uint8_t>(bytes[at]); };
    const size_t size = (size_t{byte(0)} << 16) | (size_t{byte(1)} << 8) | byte(2);
    Frame frame{byte(3), byte(4), byte(8), "", "", ""};
    std::string_view payload = bytes.substr(9, size);
    EXPECT_EQ(payload.size(), size);
    frame.ahead = payload.substr(0, sent.ahead.size());
    payload.remove_prefix(frame.ahead.size());
    frame.fragment = payload.substr(0, payload.size() - std::min(payload.size(), sent.padding.size()));
    frame.padding = payload.substr(frame.fragment.size());
    bytes.remove_prefix(9 + size);
    frames.push_back(std::move(frame));
  }
  EXPECT_TRUE(bytes.empty()) << bytes.size();
  return frames;
}

// HEADERS and CONTINUATION with these fragments.
std::vector<Frame> BlockFrames(const std::vector<std::string>& fragments) {
  std::vector<Frame> frames;
  for (const std::string& fragment : fragments) {
    Frame frame;
    if (!frames.empty()) frame.type = NGHTTP2_CONTINUATION;
    frame.fragment = fragment;
    frames.push_back(std::move(frame));
  }
  frames.back().flags = NGHTTP2_FLAG_END_HEADERS;
  return frames;
}

std::vector<std::string> Split(const std::string& block) {
  std::vector<std::string> fragments;
  for (size_t at = 0; at < block.size(); at += kMaxFrameBytes) fragments.push_back(block.substr(at, kMaxFrameBytes));
  return fragments;
}

// ---- HPACK, by RFC 7541 and none of our code.

// `digits`: at least as many bytes after the first one, as far as the number has any.
std::string Number(uint8_t first, int bits, uint64_t value, size_t digits = 0) {
  const uint64_t most = (1u << bits) - 1;
  if (value < most) return std::string(1, static_cast<char>(first | value));
  std::string bytes(1, static_cast<char>(first | most));
  value -= most;
  for (size_t i = 1; value >= 128 || i < digits; ++i, value >>= 7) bytes.push_back(static_cast<char>(0x80 | (value & 127)));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

struct Text {
  std::string decoded, encoded;
  bool huffman = false;

  std::string Bytes(size_t digits = 0) const { return Number(huffman ? 0x80 : 0, 7, encoded.size(), digits) + encoded; }
  // What nghttp2 is to decode.
  std::string Cut() const { return encoded.size() > kMost ? std::string(kMost, 'x') : decoded; }
};
Text Plain(std::string text) { return {text, text, false}; }
// The code of 'a' is 00011: eight of them are five bytes.
Text Huffman(size_t eights) {
  Text text{std::string(8 * eights, 'a'), "", true};
  for (size_t i = 0; i < eights; ++i) text.encoded += "\x18\xc6\x31\x8c\x63";
  return text;
}

std::string Literal(const Text& name, const Text& value, char form = '\0') { return form + name.Bytes() + value.Bytes(); }

// The dynamic table of the peer.
class Table {
 public:
  void Add(const std::string& name, const std::string& value) {
    entries_.emplace_front(name, value);
    size_ += Room(entries_.front());
    Shrink();
  }
  void Limit(size_t limit) {
    limit_ = limit;
    Shrink();
  }
  const std::deque<Field>& entries() const { return entries_; }

 private:
  static size_t Room(const Field& entry) { return entry.first.size() + entry.second.size() + 32; }
  void Shrink() {
    for (; size_ > limit_; entries_.pop_back()) size_ -= Room(entries_.back());
  }

  std::deque<Field> entries_;
  size_t size_ = 0;
  size_t limit_ = 4096;
};

class Inflater {
 public:
  Inflater() { nghttp2_hd_inflate_new(&inflater_); }
  ~Inflater() { nghttp2_hd_inflate_del(inflater_); }

  Fields Decode(std::string_view block) {
    Fields fields;
    const auto* at = reinterpret_cast<const uint8_t*>(block.data());
    const auto* const end = at + block.size();
    for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
      nghttp2_nv field;
      const ssize_t taken = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, at, static_cast<size_t>(end - at), 1);
      EXPECT_GE(taken, 0) << nghttp2_strerror(static_cast<int>(taken));
      if (taken < 0) return fields;
      at += taken;
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0) continue;
      fields.emplace_back(std::string(reinterpret_cast<char*>(field.name), field.namelen),
                          std::string(reinterpret_cast<char*>(field.value), field.valuelen));
    }
    nghttp2_hd_inflate_end_headers(inflater_);
    return fields;
  }
  std::deque<Field> table() const {
    std::deque<Field> entries;
    for (size_t i = 62; i <= nghttp2_hd_inflate_get_num_table_entries(inflater_); ++i) {
      const nghttp2_nv& entry = *nghttp2_hd_inflate_get_table_entry(inflater_, i);
      entries.emplace_back(std::string(reinterpret_cast<char*>(entry.name), entry.namelen),
                           std::string(reinterpret_cast<char*>(entry.value), entry.valuelen));
    }
    return entries;
  }

 private:
  nghttp2_hd_inflater* inflater_ = nullptr;
};

// ---- The way of the bytes through a session.

class Path {
 public:
  // Each read is taken so much at a time.
  explicit Path(size_t most = std::numeric_limits<size_t>::max()) : most_(most) {}

  // What nghttp2 gets for the next read.
  std::string Read(std::string bytes) {
    const auto on_frame = [this](uint8_t& type, int32_t) {
      const bool begins = type == NGHTTP2_HEADERS && (scanner_.flags() & NGHTTP2_FLAG_END_HEADERS) == 0;
      if (begins && cutter_ == nullptr) cutter_ = std::make_unique<FieldCutter>(scanner_.lead());
      return true;
    };
    EXPECT_TRUE(scanner_.Scan({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()}, on_frame));
    std::string out;
    const auto add = [&](const auto& part) { out.append(reinterpret_cast<const char*>(part.data()), part.size()); };
    if (cutter_ == nullptr) {
      add(scanner_.head());
      add(scanner_.rest());
    } else {
      ++cut_reads;
      cutter_->Add(scanner_.head(), scanner_.rest());
      while (cutter_->HoldsInput()) add(cutter_->Take(most_));
      if (cutter_->idle()) cutter_.reset();
    }
    return out;
  }
  bool idle() const { return cutter_ == nullptr; }

  size_t cut_reads = 0;

 private:
  const size_t most_;
  FrameScanner scanner_;
  std::unique_ptr<FieldCutter> cutter_;
};

const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// What becomes of `frames` that come in reads of `piece` bytes, however much of them is taken at a time.
std::string Pass(const std::vector<Frame>& frames, size_t piece = size_t{128} << 10) {
  Path path, in_parts(100);
  for (Path* const one : {&path, &in_parts}) EXPECT_EQ(one->Read(kPreface), kPreface);
  std::string out, out_in_parts;
  const std::string bytes = Bytes(frames);
  for (size_t at = 0; at < bytes.size(); at += piece) {
    out += path.Read(bytes.substr(at, piece));
    out_in_parts += in_parts.Read(bytes.substr(at, piece));
  }
  EXPECT_TRUE(path.idle() && in_parts.idle());
  EXPECT_TRUE(out_in_parts == out);
  return out;
}

std::string BlockOf(const std::vector<Frame>& frames) {
  std::string block;
  for (const Frame& frame : frames) block += frame.fragment;
  return block;
}

// What nghttp2 decodes of these frames.
Fields Decoded(const std::vector<Frame>& frames, size_t piece = size_t{128} << 10) {
  return Inflater().Decode(BlockOf(Parse(Pass(frames, piece), frames)));
}

// ---- One thing at a time.

TEST(FieldCutterTest, ABlockOfSeveralFramesPassesUnchanged) {
  const std::string block = Literal(Plain("a"), Plain(std::string(kMost, 'v'))) + Literal(Huffman(3), Huffman(kMost / 5)) + "\x82";
  const std::vector<Frame> frames = BlockFrames(Split(block));
  EXPECT_TRUE(Pass(frames) == Bytes(frames));
}

TEST(FieldCutterTest, AValueIsCutToWhatNghttp2Takes) {
  for (const size_t size : {kMost + 1, kMost + kMaxFrameBytes, size_t{1} << 20}) {
    const std::vector<Frame> frames = BlockFrames(Split(Literal(Plain("a"), Plain(std::string(size, 'v'))) + "\x82"));
    const Fields expected = {{"a", std::string(kMost, 'x')}, {":method", "GET"}};
    EXPECT_TRUE(Decoded(frames) == expected) << size;
  }
}

TEST(FieldCutterTest, ANameIsCutAsWell) {
  const std::string name(kMost + 1, 'n'), value(2 * kMost, 'v');
  const Fields expected = {{std::string(kMost, 'x'), std::string(kMost, 'x')}, {":method", "GET"}};
  EXPECT_TRUE(Decoded(BlockFrames(Split(Literal(Plain(name), Plain(value)) + "\x82"))) == expected);
}

TEST(FieldCutterTest, ItIsTheEncodedLengthThatCounts) {
  const Fields whole = {{"a", std::string(kMost / 5 * 8, 'a')}};
  EXPECT_TRUE(Decoded(BlockFrames(Split(Literal(Plain("a"), Huffman(kMost / 5))))) == whole);
  const Fields cut = {{"a", std::string(kMost, 'x')}};
  EXPECT_TRUE(Decoded(BlockFrames(Split(Literal(Plain("a"), Huffman(kMost / 5 + 1))))) == cut);
}

TEST(FieldCutterTest, TheFramesStayAndAreEmptyWhereNothingIsLeftOfThem) {
  const std::vector<Frame> sent = BlockFrames(Split(Literal(Plain("a"), Plain(std::string(8 * kMaxFrameBytes, 'v')))));
  const std::vector<Frame> frames = Parse(Pass(sent), sent);
  ASSERT_EQ(frames.size(), 9u);
  for (size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(frames[i].type, sent[i].type);
    EXPECT_EQ(frames[i].flags, sent[i].flags);
    const bool full = i < 4, empty = i > 4;
    if (full) EXPECT_EQ(frames[i].fragment.size(), kMaxFrameBytes) << i;
    if (empty) EXPECT_EQ(frames[i].fragment.size(), 0u) << i;
  }
}

TEST(FieldCutterTest, ALengthMayBeSplitInAnyWay) {
  const std::string before = std::string(1, '\0') + "\x01" "a";
  const std::string length = Number(0x80, 7, kMost + 1);
  const std::string text(kMost + 1, '\x18');
  const Fields expected = {{"a", std::string(kMost, 'x')}};
  for (size_t at = 0; at <= length.size(); ++at) {
    std::vector<std::string> fragments = {before + length.substr(0, at), "", length.substr(at)};
    for (const std::string& fragment : Split(text)) fragments.push_back(fragment);
    const std::vector<Frame> frames = BlockFrames(fragments);
    for (const size_t piece : {size_t{1}, size_t{11}, size_t{128} << 10}) EXPECT_TRUE(Decoded(frames, piece) == expected) << at << " " << piece;
  }
}

TEST(FieldCutterTest, OnlyALengthIsKeptBack) {
  Path path;
  path.Read(kPreface);
  Frame begin;
  begin.fragment = std::string(1, '\0') + "\x01" "a";
  const std::string length = Number(0, 7, 200);
  EXPECT_EQ(path.Read(begin.Bytes()), begin.Bytes());
  Frame more;
  more.type = NGHTTP2_CONTINUATION;
  more.flags = NGHTTP2_FLAG_END_HEADERS;
  more.fragment = length + std::string(200, 'v');
  const std::string bytes = more.Bytes();
  EXPECT_EQ(path.Read(bytes.substr(0, 10)), bytes.substr(0, 9));
  EXPECT_FALSE(path.idle());
  EXPECT_EQ(path.Read(bytes.substr(10, 1)), bytes.substr(9, 2));
  EXPECT_EQ(path.Read(bytes.substr(11)), bytes.substr(11));
  EXPECT_TRUE(path.idle());
}

TEST(FieldCutterTest, NoMoreThanABitIsKeptBack) {
  Path path;
  path.Read(kPreface);
  std::vector<Frame> frames(1);
  frames[0].fragment = std::string(1, '\0') + "\x01" "a" "\x7f";
  Frame empty;
  empty.type = NGHTTP2_CONTINUATION;
  for (int i = 0; i < 1000; ++i) frames.push_back(empty);
  const std::string bytes = Bytes(frames);
  std::string out;
  size_t most_kept = 0;
  for (size_t at = 0; at < bytes.size(); at += 9) {
    out += path.Read(bytes.substr(at, 9));
    most_kept = std::max(most_kept, at + 9 - out.size());
  }
  EXPECT_TRUE(out == bytes.substr(0, out.size()));
  EXPECT_GT(most_kept, 9u);
  EXPECT_LE(most_kept, FieldCutter::kMostHeld + 9);
}

TEST(FieldCutterTest, WhatCannotBeReadIsHandedOn) {
  const std::string name = std::string(1, '\0') + "\x01" "a";
  const std::string filler(kMost + 100, 'v');
  // A length of more than 32 bits, one of more bytes than those take, and one that the block ends in.
  const std::string lengths[] = {Number(0, 7, uint64_t{1} << 32), Number(0, 7, kMost + 1, 6), "\x7f\x80"};
  for (const std::string& length : lengths) {
    const bool ends = length == lengths[2];
    const std::vector<Frame> frames = BlockFrames(ends ? std::vector<std::string>{name, length} : Split(name + length + filler));
    for (const size_t piece : {size_t{2}, size_t{128} << 10}) EXPECT_TRUE(Pass(frames, piece) == Bytes(frames));
  }
}

TEST(FieldCutterTest, ABlockThatCannotBeReadDoesNotHarmTheNextOne) {
  // A length with so many empty frames in it that it is not waited for.
  std::vector<std::string> fragments(40);
  fragments.front() = std::string(1, '\0') + "\x01" "a" "\x7f";
  fragments.back() = std::string(1, '\x01') + std::string(128, 'v');
  std::vector<Frame> frames = BlockFrames(fragments);
  const size_t of_first = frames.size();
  for (const Frame& frame : BlockFrames(Split(Literal(Plain("b"), Plain(std::string(kMost + 1, 'v')))))) frames.push_back(frame);
  for (const size_t piece : {size_t{9}, size_t{300}, size_t{128} << 10}) {
    const std::vector<Frame> passed = Parse(Pass(frames, piece), frames);
    const auto next = passed.begin() + static_cast<ptrdiff_t>(of_first);
    Inflater inflater;
    const Fields first = {{"a", std::string(128, 'v')}}, second = {{"b", std::string(kMost, 'x')}};
    EXPECT_TRUE(inflater.Decode(BlockOf({passed.begin(), next})) == first) << piece;
    EXPECT_TRUE(inflater.Decode(BlockOf({next, passed.end()})) == second) << piece;
  }
}

TEST(FieldCutterTest, WhatBreaksTheRulesOfFramesIsHandedOn) {
  const std::string field = Literal(Plain("a"), Plain(std::string(2000, 'v')));
  Frame begin;
  begin.fragment = field.substr(0, 100);
  Frame other;
  other.type = NGHTTP2_PING;
  other.fragment = "12345678";
  Frame stranger;
  stranger.type = NGHTTP2_CONTINUATION;
  stranger.stream = 3;
  stranger.fragment = field.substr(100, 1000);
  Frame padded;
  padded.flags = NGHTTP2_FLAG_PADDED;
  padded.ahead = "\xff";
  padded.fragment = "short";
  Frame no_room;
  no_room.flags = NGHTTP2_FLAG_PADDED | NGHTTP2_FLAG_PRIORITY;
  no_room.fragment = "1234";
  for (const std::vector<Frame>& frames : {std::vector<Frame>{begin, other}, {begin, stranger}, {padded, stranger}, {no_room, other}}) {
    EXPECT_TRUE(Pass(frames) == Bytes(frames));
  }
}

TEST(FieldCutterTest, AContinuationMayHaveSixteenKiB) {
  for (const size_t size : {kMaxFrameBytes, kMaxFrameBytes + 1}) {
    const std::string bytes = Bytes(BlockFrames({"\x82", std::string(size, '\x82')}));
    FieldCutter cutter(0);
    EXPECT_FALSE(cutter.too_large());
    cutter.Add({}, {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    cutter.Take(bytes.size());
    EXPECT_EQ(cutter.too_large(), size > kMaxFrameBytes);
  }
}

// ---- Anything, in any pieces, against nghttp2's own decoder.

class RandomPeer {
 public:
  explicit RandomPeer(uint64_t seed) : random_(seed) {}

  size_t Below(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random_); }
  bool OneIn(size_t n) { return Below(n) == 0; }

  // A block, and what nghttp2 is to decode of it.
  std::string Block(Fields& decoded) {
    std::string block;
    if (OneIn(4)) {
      const size_t limit = Below(OneIn(4) ? 40 : 4097);
      table_.Limit(limit);
      block += Number(0x20, 5, limit);
    }
    for (size_t count = 1 + Below(12); count > 0; --count) block += OneField(decoded);
    return block;
  }
  // Frames for it. `tiny`: pieces that are short, so that all of it is cut in many places.
  std::vector<Frame> Frames(std::string_view block) {
    std::vector<Frame> frames(1);
    Frame& first = frames[0];
    first.stream = static_cast<uint8_t>(1 + 2 * Below(100));
    if (OneIn(3)) {
      first.flags |= NGHTTP2_FLAG_PADDED;
      first.padding = std::string(Below(256), '\0');
      first.ahead += static_cast<char>(first.padding.size());
    }
    if (OneIn(3)) {
      first.flags |= NGHTTP2_FLAG_PRIORITY;
      first.ahead += std::string("\0\0\0\0\x10", 5);
    }
    for (Frame* frame = &first;; frame = &frames.back()) {
      const size_t room = kMaxFrameBytes - frame->ahead.size() - frame->padding.size();
      const size_t size = std::min(block.size(), OneIn(3) ? Below(10) : OneIn(2) ? Below(room + 1) : room);
      frame->fragment = block.substr(0, size);
      block.remove_prefix(size);
      if (block.empty() && !OneIn(3)) break;
      frames.push_back({NGHTTP2_CONTINUATION, 0, frames.front().stream, "", "", ""});
    }
    frames.back().flags |= NGHTTP2_FLAG_END_HEADERS;
    return frames;
  }
  Frame OtherFrame() {
    return {static_cast<uint8_t>(OneIn(2) ? NGHTTP2_DATA : NGHTTP2_PING), static_cast<uint8_t>(Below(2)), 1, "",
            std::string(Below(300), static_cast<char>(Below(256))), ""};
  }
  const Table& table() const { return table_; }

 private:
  std::string OneField(Fields& decoded) {
    const std::deque<Field>& entries = table_.entries();
    if (!entries.empty() && OneIn(3)) {
      const size_t index = Below(entries.size());
      decoded.push_back(entries[index]);
      return Number(0x80, 7, 62 + index);
    }
    if (OneIn(5)) {
      decoded.emplace_back(":method", "GET");
      return "\x82";
    }
    const bool into_table = OneIn(2);
    const uint8_t form = into_table ? 0x40 : OneIn(2) ? 0x10 : 0;
    const int bits = into_table ? 6 : 4;
    std::string bytes, name;
    if (!entries.empty() && OneIn(3)) {
      const size_t index = Below(entries.size());
      name = entries[index].first;
      bytes = Number(form, bits, 62 + index);
    } else if (OneIn(3)) {
      name = "user-agent";
      bytes = Number(form, bits, 58);
    } else {
      const Text text = OneText(40);
      name = text.Cut();
      bytes = static_cast<char>(form) + text.Bytes(Below(6));
    }
    const Text value = OneText(15);
    bytes += value.Bytes(Below(6));
    decoded.emplace_back(name, value.Cut());
    // What is longer than the table empties it, whatever it is.
    if (into_table) table_.Add(name, value.decoded);
    return bytes;
  }
  // One in `rare` is long.
  Text OneText(size_t rare) {
    constexpr size_t kLong[] = {kMost - 1, kMost, kMost + 1, kMost + 2, kMost + 5, 70000, 100000, 200000, 70 + 16384 * 5};
    const size_t size = OneIn(rare) ? kLong[Below(std::size(kLong))] : OneIn(10) ? Below(6000) : Below(40);
    if (OneIn(3)) return Huffman(size / 5);
    return Plain(std::string(size, static_cast<char>('a' + Below(26))));
  }

  std::mt19937_64 random_;
  Table table_;
};

TEST(FieldCutterTest, WhateverComesInWhateverPiecesIsDecodedLikeWhatWasSent) {
  size_t cut = 0, whole = 0;
  for (uint64_t seed = 1; seed <= 150 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomPeer peer(seed);
    Path path;
    Inflater inflater;
    path.Read(kPreface);
    const size_t piece = peer.OneIn(10) ? 10 : peer.OneIn(2) ? 3000 : size_t{128} << 10;
    for (int i = 0; i < 6; ++i) {
      Fields decoded;
      const std::string block = peer.Block(decoded);
      std::vector<Frame> sent = peer.Frames(block);
      const size_t of_block = sent.size();
      while (peer.OneIn(2)) sent.push_back(peer.OtherFrame());
      std::string out;
      const std::string bytes = Bytes(sent);
      for (size_t at = 0, size = 0; at < bytes.size(); at += size) {
        size = std::min(bytes.size() - at, 1 + peer.Below(piece));
        out += path.Read(bytes.substr(at, size));
      }
      const std::vector<Frame> frames = Parse(out, sent);
      ASSERT_EQ(frames.size(), sent.size());
      for (size_t at = 0; at < sent.size(); ++at) {
        Frame like_sent = frames[at];
        EXPECT_LE(like_sent.fragment.size(), sent[at].fragment.size());
        like_sent.fragment = sent[at].fragment;
        EXPECT_TRUE(like_sent == sent[at]);
        if (at >= of_block) EXPECT_TRUE(frames[at] == sent[at]);
      }
      const std::string left = BlockOf({frames.begin(), frames.begin() + static_cast<ptrdiff_t>(of_block)});
      ++(left == block ? whole : cut);
      EXPECT_TRUE(inflater.Decode(left) == decoded);
      EXPECT_TRUE(inflater.table() == peer.table().entries());
      EXPECT_TRUE(path.idle());
    }
  }
  EXPECT_GT(cut, 100u);
  EXPECT_GT(whole, 100u);
}

}  // namespace
}  // namespace rota::native
