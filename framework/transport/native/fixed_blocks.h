#ifndef ROTA_TRANSPORT_NATIVE_FIXED_BLOCKS_H_
#define ROTA_TRANSPORT_NATIVE_FIXED_BLOCKS_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

// What most answers say in their header fields, as it goes over the wire. The same bytes serve every connection, because they
// refer to the static table of HPACK alone and put nothing into the dynamic one. That holds as long as nothing else has to be
// said at the beginning of the next block: see HeaderTable.
// Thread: any; constant.
// Source: RFC 7541, sections 6.1, 6.2.2 and Appendix A; RFC 9113, sections 4.1 and 6.2.
namespace rota::native {

// ":status: 200", number 8 of the table, and "content-type: application/grpc" by its name, number 31.
inline constexpr std::string_view kHeadersBlock = "\x88\x0f\x10\x10" "application/grpc";

// "grpc-status: 0". There is a zero in it.
inline constexpr std::string_view kOkBlock("\x00\x0bgrpc-status\x01" "0", 15);

inline constexpr size_t kFrameHeaderBytes = 9;

// Puts the header of a frame at `place`.
inline void WriteFrameHeader(uint8_t* place, size_t length, uint8_t type, uint8_t flags, int32_t stream_id) {
  const uint32_t stream = static_cast<uint32_t>(stream_id);
  place[0] = static_cast<uint8_t>(length >> 16);
  place[1] = static_cast<uint8_t>(length >> 8);
  place[2] = static_cast<uint8_t>(length);
  place[3] = type;
  place[4] = flags;
  place[5] = static_cast<uint8_t>(stream >> 24);
  place[6] = static_cast<uint8_t>(stream >> 16);
  place[7] = static_cast<uint8_t>(stream >> 8);
  place[8] = static_cast<uint8_t>(stream);
}
inline int32_t StreamOf(const uint8_t* frame) {
  return static_cast<int32_t>((uint32_t{frame[5]} << 24 | uint32_t{frame[6]} << 16 | uint32_t{frame[7]} << 8 | frame[8]) & 0x7fffffff);
}

// Whether nghttp2 may have to tell the peer of a new size of the dynamic table. It does at the beginning of its next block, and no
// other block may go before that one (RFC 7541, section 4.2).
class HeaderTable {
 public:
  // The peer has sent SETTINGS.
  void OnSettings() { settled_ = false; }
  // nghttp2 has sent a block.
  void OnBlockSent() { settled_ = true; }
  bool settled() const { return settled_; }

 private:
  bool settled_ = false;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_FIXED_BLOCKS_H_
