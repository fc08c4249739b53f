#include "framework/transport/native/compression.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "framework/base/status.h"

namespace rota::native {
namespace {

constexpr int kGzipWindow = MAX_WBITS + 16;  // zlib: plus 16 is the gzip format.
constexpr size_t kLeastBytes = 18;           // Of a header and a trailer.

Bytef* Bytes(std::string_view text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); }

class Inflater {
 public:
  explicit Inflater(std::string_view input) {
    stream_.next_in = Bytes(input);
    stream_.avail_in = static_cast<uInt>(input.size());
    good_ = inflateInit2(&stream_, kGzipWindow) == Z_OK;
  }
  ~Inflater() {
    if (good_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;

  bool good() const { return good_; }
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
  bool good_;
};

Status NotGzip() { return InternalError("a compressed message is not gzip"); }

// What the message says that it unpacks to, modulo 2^32, in its last four bytes; zlib checks it at the end (RFC 1952, section
// 2.3.1). So memory is taken once and no more than is needed.
size_t SizeIn(std::string_view compressed) {
  size_t size = 0;
  for (size_t i = 1; i <= 4; ++i) size = size << 8 | static_cast<uint8_t>(compressed[compressed.size() - i]);
  return size;
}

Status TooLong(size_t limit) {
  return ResourceExhaustedError("compressed message unpacks to more than the limit of " + std::to_string(limit));
}

// Of a message that says it is longer than `limit`: whether its beginning is sound, so that it is believed. Nothing of it is kept. A
// bomb is to cost no more than others that are refused: 256 KiB take zlib 0.2 ms, all 4 MiB of the usual limit 7.
Status JudgeTooLong(z_stream& stream, size_t limit) {
  constexpr size_t kJudged = 256 << 10;
  std::array<uint8_t, 16 << 10> scratch;
  for (size_t made = 0; made <= std::min(limit, kJudged);) {
    stream.next_out = scratch.data();
    stream.avail_out = scratch.size();
    const int result = inflate(&stream, Z_NO_FLUSH);
    made += scratch.size() - stream.avail_out;
    // With room left it has stopped for want of input, or at the end.
    if (made <= limit && (result != Z_OK || stream.avail_out > 0)) return NotGzip();
  }
  return TooLong(limit);
}

}  // namespace

std::optional<Encoding> ParseEncoding(std::string_view name) {
  if (name == "identity") return Encoding::kIdentity;
  if (name == "gzip") return Encoding::kGzip;
  return std::nullopt;
}

bool ListHas(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    std::string_view item = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (item == name) return true;
  }
  return false;
}

StatusOr<Payload> Gunzip(std::string_view compressed, size_t limit) {
  Inflater inflater(compressed);
  if (!inflater.good()) return InternalError("zlib does not start");
  if (compressed.size() < kLeastBytes) return NotGzip();
  const size_t size = SizeIn(compressed);
  if (size > limit) return JudgeTooLong(inflater.stream(), limit);
  Payload message = Payload::Allocate(size);
  z_stream& stream = inflater.stream();
  // zlib wants a place to write to also where nothing is to be written.
  uint8_t nowhere = 0;
  stream.next_out = size == 0 ? &nowhere : message.data();
  stream.avail_out = static_cast<uInt>(size);
  if (inflate(&stream, Z_FINISH) != Z_STREAM_END || stream.avail_in > 0) return NotGzip();
  return message;
}

std::optional<Payload> Gzip(std::string_view message) {
  if (message.size() > std::numeric_limits<uInt>::max()) return std::nullopt;
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) return std::nullopt;
  Payload compressed = Payload::Allocate(message.size());
  stream.next_in = Bytes(message);
  stream.avail_in = static_cast<uInt>(message.size());
  stream.next_out = compressed.data();
  stream.avail_out = static_cast<uInt>(compressed.size());
  const int result = deflate(&stream, Z_FINISH);
  const size_t used = compressed.size() - stream.avail_out;
  deflateEnd(&stream);
  if (result != Z_STREAM_END) return std::nullopt;
  compressed.Truncate(used);
  return compressed;
}

}  // namespace rota::native
