#include "framework/transport/native/compression.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "framework/base/status.h"

namespace rota::native {
namespace {

constexpr int kGzipWindow = MAX_WBITS + 16;  // zlib: plus 16 is the gzip format.
constexpr size_t kFirstGuess = 4;            // Times the compressed size.
constexpr size_t kLeastGuess = 512;

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

Payload Larger(const Payload& from, size_t used, size_t size) {
  Payload to = Payload::Allocate(size);
  if (used > 0) std::memcpy(to.data(), from.data(), used);
  return to;
}

Status TooLong(size_t limit) {
  return ResourceExhaustedError("compressed message unpacks to more than the limit of " + std::to_string(limit));
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
  z_stream& stream = inflater.stream();
  size_t size = std::min(limit, std::max(kLeastGuess, compressed.size() * kFirstGuess));
  Payload message = Payload::Allocate(size);
  size_t used = 0;
  for (;;) {
    stream.next_out = message.data() + used;
    stream.avail_out = static_cast<uInt>(size - used);
    const int result = inflate(&stream, Z_NO_FLUSH);
    used = size - stream.avail_out;
    if (result == Z_STREAM_END) break;
    if ((result != Z_OK && result != Z_BUF_ERROR) || (stream.avail_in == 0 && stream.avail_out > 0)) {
      return InternalError("a compressed message is not gzip");
    }
    if (stream.avail_out > 0) continue;
    if (size >= limit) {
      // Full to the byte, and perhaps at the end: one more byte tells.
      uint8_t more = 0;
      stream.next_out = &more;
      stream.avail_out = 1;
      const int end = inflate(&stream, Z_NO_FLUSH);
      if (end == Z_STREAM_END && stream.avail_out == 1) break;
      return stream.avail_out == 0 ? TooLong(limit) : InternalError("a compressed message is not gzip");
    }
    size = std::min(limit, size * 2);
    message = Larger(message, used, size);
  }
  message.Truncate(used);
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
