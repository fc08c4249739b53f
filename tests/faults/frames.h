#ifndef ROTA_TESTS_FAULTS_FRAMES_H_
#define ROTA_TESTS_FAULTS_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Frames of HTTP/2 made by hand, so that broken ones can be made as well.
// Source: RFC 9113, sections 4 and 6; RFC 7541, section 6.
namespace rota::faults {

enum FrameType : uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kRstStream = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};

inline constexpr uint8_t kEndStream = 1;
inline constexpr uint8_t kAck = 1;
inline constexpr uint8_t kEndHeaders = 4;
// What a peer takes in one frame unless it says otherwise.
inline constexpr size_t kMaxFrameBytes = 16384;

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string Number(uint64_t value, int bytes);
std::string FrameBytes(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload);

std::string SettingsFrame(const std::vector<std::pair<uint16_t, uint32_t>>& values = {});
std::string PingFrame(std::string_view eight_bytes);
std::string RstStreamFrame(uint32_t stream, uint32_t code);
std::string WindowUpdateFrame(uint32_t stream, uint32_t increment);

// A field as a literal that leaves the dynamic table alone.
std::string Literal(std::string_view name, std::string_view value);
// A field as a literal that goes into the dynamic table, and the newest entry of that.
std::string IndexedLiteral(std::string_view name, std::string_view value);
inline constexpr char kNewestEntry = static_cast<char>(0x80 | 62);

std::string Block(const Fields& fields);
// A header block in one HEADERS frame and as many CONTINUATION frames as it takes.
std::string HeadersFrames(uint32_t stream, std::string_view block, uint8_t flags = 0);

// What every call of gRPC begins with, before `more`.
Fields CallFields(std::string_view path, const Fields& more = {});
// HEADERS of a call.
std::string CallFrames(uint32_t stream, std::string_view path, const Fields& more = {});
// A message behind its five bytes, in DATA frames.
std::string Message(std::string_view bytes, bool compressed = false);
std::string DataFrames(uint32_t stream, std::string_view bytes, bool end_stream);

}  // namespace rota::faults

#endif  // ROTA_TESTS_FAULTS_FRAMES_H_
