#include "framework/context/trace_parent.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>

#include "framework/base/random.h"

namespace rota {
namespace {

constexpr size_t kHeaderSize = 55;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;  // Upper case is malformed (section 3.2.2).
}

bool ParseHex(std::string_view text, std::span<uint8_t> bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    const int high = HexDigit(text[2 * i]);
    const int low = HexDigit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return true;
}

void AppendHex(std::string& text, std::span<const uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
}

bool IsZero(std::span<const uint8_t> bytes) {
  for (const uint8_t byte : bytes) {
    if (byte != 0) return false;
  }
  return true;
}

// An id that is not all zeros.
template <size_t words>
void FillRandom(std::array<uint8_t, words * sizeof(uint64_t)>& id) {
  Random& random = Random::ForThread();
  std::array<uint64_t, words> bits;
  do {
    for (uint64_t& word : bits) word = random.Next();
  } while (bits == std::array<uint64_t, words>{});
  std::memcpy(id.data(), bits.data(), sizeof(bits));
}

}  // namespace

std::optional<TraceParent> TraceParent::Parse(std::string_view header) {
  if (header.size() < kHeaderSize || header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;
  std::array<uint8_t, 1> version{};
  std::array<uint8_t, 1> flags{};
  TraceParent parsed;
  if (!ParseHex(header.substr(0, 2), version) || !ParseHex(header.substr(3, 32), parsed.trace_id) ||
      !ParseHex(header.substr(36, 16), parsed.parent_id) || !ParseHex(header.substr(53, 2), flags)) {
    return std::nullopt;
  }
  if (version[0] == 0xff || IsZero(parsed.trace_id) || IsZero(parsed.parent_id)) return std::nullopt;
  // Version 00 ends here; a later one may go on after a dash.
  if (header.size() > kHeaderSize && (version[0] == 0 || header[kHeaderSize] != '-')) return std::nullopt;
  parsed.flags = flags[0];
  return parsed;
}

TraceParent TraceParent::Generate() {
  TraceParent made;
  FillRandom<2>(made.trace_id);
  FillRandom<1>(made.parent_id);
  return made;
}

TraceParent TraceParent::Child() const {
  TraceParent child = *this;
  FillRandom<1>(child.parent_id);
  return child;
}

std::string TraceParent::ToString() const {
  std::string text = "00-";
  text.reserve(kHeaderSize);
  AppendHex(text, trace_id);
  text += '-';
  AppendHex(text, parent_id);
  text += '-';
  AppendHex(text, std::span(&flags, 1));
  return text;
}

}  // namespace rota
