#include "tests/faults/frames.h"

#include <algorithm>

namespace rota::faults {
namespace {

// RFC 7541, section 5.1, behind a first byte that has `prefix` bits left.
std::string HpackNumber(uint8_t first, int prefix, size_t value) {
  const size_t most = (size_t{1} << prefix) - 1;
  if (value < most) return std::string(1, static_cast<char>(first | value));
  std::string bytes(1, static_cast<char>(first | most));
  for (value -= most; value >= 128; value >>= 7) bytes.push_back(static_cast<char>(0x80 | (value & 127)));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

std::string HpackString(std::string_view text) { return HpackNumber(0, 7, text.size()).append(text); }

}  // namespace

std::string Number(uint64_t value, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text.push_back(static_cast<char>(value >> shift));
  return text;
}

std::string FrameBytes(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  return Number(payload.size(), 3) + Number(type, 1) + Number(flags, 1) + Number(stream, 4) + std::string(payload);
}

std::string SettingsFrame(const std::vector<std::pair<uint16_t, uint32_t>>& values) {
  std::string payload;
  for (const auto& [id, value] : values) payload += Number(id, 2) + Number(value, 4);
  return FrameBytes(kSettings, 0, 0, payload);
}

std::string PingFrame(std::string_view eight_bytes) { return FrameBytes(kPing, 0, 0, eight_bytes); }
std::string RstStreamFrame(uint32_t stream, uint32_t code) { return FrameBytes(kRstStream, 0, stream, Number(code, 4)); }
std::string WindowUpdateFrame(uint32_t stream, uint32_t increment) {
  return FrameBytes(kWindowUpdate, 0, stream, Number(increment, 4));
}

std::string Literal(std::string_view name, std::string_view value) { return std::string(1, '\0') + HpackString(name) + HpackString(value); }
std::string IndexedLiteral(std::string_view name, std::string_view value) { return std::string(1, '\x40') + HpackString(name) + HpackString(value); }

std::string Block(const Fields& fields) {
  std::string block;
  for (const auto& [name, value] : fields) block += Literal(name, value);
  return block;
}

std::string HeadersFrames(uint32_t stream, std::string_view block, uint8_t flags) {
  std::string frames;
  uint8_t type = kHeaders;
  do {
    const std::string_view part = block.substr(0, std::min(kMaxFrameBytes, block.size()));
    block.remove_prefix(part.size());
    frames += FrameBytes(type, static_cast<uint8_t>((type == kHeaders ? flags : 0) | (block.empty() ? kEndHeaders : 0)), stream, part);
    type = kContinuation;
  } while (!block.empty());
  return frames;
}

Fields CallFields(std::string_view path, const Fields& more) {
  Fields fields{{":method", "POST"},       {":scheme", "http"},   {":path", std::string(path)},
                {":authority", "localhost"}, {"te", "trailers"}, {"content-type", "application/grpc"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

std::string CallFrames(uint32_t stream, std::string_view path, const Fields& more) {
  return HeadersFrames(stream, Block(CallFields(path, more)));
}

std::string Message(std::string_view bytes, bool compressed) {
  return Number(compressed ? 1 : 0, 1) + Number(bytes.size(), 4) + std::string(bytes);
}

std::string DataFrames(uint32_t stream, std::string_view bytes, bool end_stream) {
  std::string frames;
  do {
    const std::string_view part = bytes.substr(0, std::min(kMaxFrameBytes, bytes.size()));
    bytes.remove_prefix(part.size());
    frames += FrameBytes(kData, end_stream && bytes.empty() ? kEndStream : 0, stream, part);
  } while (!bytes.empty());
  return frames;
}

}  // namespace rota::faults
