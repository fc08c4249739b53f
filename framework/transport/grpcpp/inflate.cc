#include "framework/transport/grpcpp/inflate.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/slice.h>
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <string>

namespace rota::grpcpp {
namespace {

// The largest window, and 32: zlib tells gzip from deflate by the header.
constexpr int kAnyHeader = MAX_WBITS + 32;
constexpr size_t kChunkBytes = 16 << 10;

Status Malformed() { return InternalError("a compressed message is malformed"); }

class Inflater {
 public:
  explicit Inflater(size_t limit) : limit_(limit) { good_ = inflateInit2(&stream_, kAnyHeader) == Z_OK; }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  Status Add(const uint8_t* bytes, size_t size) {
    if (!good_) return ResourceExhaustedError("no memory to unpack a compressed message");
    stream_.next_in = const_cast<Bytef*>(bytes);
    stream_.avail_in = static_cast<uInt>(size);
    do {
      if (ended_) return stream_.avail_in == 0 ? OkStatus() : Malformed();
      if (Status status = Step(); !status.ok()) return status;
      // Full: there may be more to come out even when all has gone in.
    } while (stream_.avail_in > 0 || stream_.avail_out == 0);
    return OkStatus();
  }
  StatusOr<Payload> Take() {
    if (!ended_) return Malformed();
    return Payload::Copy(bytes_);
  }

 private:
  // At most one byte more than the limit, which tells that there are too many.
  Status Step() {
    const size_t done = bytes_.size();
    const size_t room = std::min(kChunkBytes, limit_ + 1 - done);
    bytes_.resize(done + room);
    stream_.next_out = reinterpret_cast<Bytef*>(bytes_.data() + done);
    stream_.avail_out = static_cast<uInt>(room);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    bytes_.resize(done + room - stream_.avail_out);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return Malformed();
    ended_ = result == Z_STREAM_END;
    if (bytes_.size() <= limit_) return OkStatus();
    return ResourceExhaustedError("compressed message unpacks to more than the limit of " + std::to_string(limit_));
  }

  const size_t limit_;
  z_stream stream_{};
  bool good_ = false;
  bool ended_ = false;
  std::string bytes_;
};

}  // namespace

StatusOr<Payload> Inflate(grpc_byte_buffer* compressed, size_t limit) {
  grpc_byte_buffer_reader reader;
  if (grpc_byte_buffer_reader_init(&reader, compressed) == 0) return Malformed();
  Inflater inflater(limit);
  Status status;
  for (grpc_slice* slice; status.ok() && grpc_byte_buffer_reader_peek(&reader, &slice) != 0;) {
    if (GRPC_SLICE_LENGTH(*slice) > 0) status = inflater.Add(GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice));
  }
  grpc_byte_buffer_reader_destroy(&reader);
  if (!status.ok()) return status;
  return inflater.Take();
}

}  // namespace rota::grpcpp
