#include "framework/transport/native/metadata_codec.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace rota::native {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNoDigit = 0xff;

constexpr std::array<uint8_t, 256> kDigits = [] {
  std::array<uint8_t, 256> digits{};
  for (uint8_t& digit : digits) digit = kNoDigit;
  for (size_t i = 0; i < kAlphabet.size(); ++i) digits[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  return digits;
}();

bool IsKeyCharacter(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_' || c == '-' || c == '.'; }
bool IsPrintable(char c) { return c >= 0x20 && c <= 0x7e; }
bool StaysPlain(char c) { return IsPrintable(c) && c != '%'; }

}  // namespace

bool IsBinaryKey(std::string_view key) { return key.ends_with("-bin"); }

bool IsReservedKey(std::string_view key) {
  if (key.empty() || key.front() == ':') return true;
  switch (key.front()) {
    case 'c':
      return key == "content-type" || key == "content-length" || key == "connection";
    case 'g':
      // Tracing context that callers pass on, and so like metadata.
      return key.starts_with("grpc-") && key != "grpc-trace-bin";
    case 'h':
      return key == "host";
    case 'k':
      return key == "keep-alive";
    case 'p':
      return key == "proxy-connection";
    case 't':
      return key == "te" || key == "transfer-encoding";
    case 'u':
      return key == "upgrade";
    default:
      return false;
  }
}

bool AddReceived(std::string_view key, std::string_view value, Metadata& metadata) {
  if (!IsBinaryKey(key)) {
    metadata.Add(key, value);
    return true;
  }
  for (;;) {
    const size_t comma = value.find(',');
    std::string bytes;
    if (!DecodeBase64(value.substr(0, comma), bytes)) return false;
    metadata.Add(key, bytes);
    if (comma == std::string_view::npos) return true;
    value.remove_prefix(comma + 1);
  }
}

const char* WhyNotSendable(std::string_view key, std::string_view value) {
  if (IsReservedKey(key)) return "the key is reserved";
  if (!std::all_of(key.begin(), key.end(), IsKeyCharacter)) return "the key is illegal";
  if (!IsBinaryKey(key) && !std::all_of(value.begin(), value.end(), IsPrintable)) return "the value is illegal";
  return nullptr;
}

std::string EncodeBase64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  uint32_t bits = 0;
  int count = 0;
  for (const char byte : bytes) {
    bits = (bits << 8) | static_cast<uint8_t>(byte);
    for (count += 8; count >= 6;) {
      count -= 6;
      text.push_back(kAlphabet[(bits >> count) & 63]);
    }
  }
  if (count > 0) text.push_back(kAlphabet[(bits << (6 - count)) & 63]);
  return text;
}

bool DecodeBase64(std::string_view text, std::string& bytes) {
  // Spaces around a value that was joined by ", ".
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (text.size() % 4 == 0) {
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return false;
  bytes.reserve(bytes.size() + text.size() * 3 / 4);
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const uint8_t digit = kDigits[static_cast<uint8_t>(c)];
    if (digit == kNoDigit) return false;
    bits = (bits << 6) | digit;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>((bits >> count) & 0xff));
  }
  return true;
}

std::string EncodePercent(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size() + 16);
  for (const char c : text) {
    if (StaysPlain(c)) {
      encoded.push_back(c);
      continue;
    }
    const uint8_t byte = static_cast<uint8_t>(c);
    encoded.push_back('%');
    encoded.push_back(kHex[byte >> 4]);
    encoded.push_back(kHex[byte & 15]);
  }
  return encoded;
}

bool IsPlain(std::string_view text) { return std::all_of(text.begin(), text.end(), StaysPlain); }

}  // namespace rota::native
