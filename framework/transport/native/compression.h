#ifndef ROTA_TRANSPORT_NATIVE_COMPRESSION_H_
#define ROTA_TRANSPORT_NATIVE_COMPRESSION_H_

#include <zlib.h>

#include <cstddef>
#include <optional>
#include <string_view>

#include "framework/base/status_or.h"
#include "framework/rpc/payload.h"

// The encodings of messages. A message is compressed by itself; nothing is kept from one to the next.
// Thread: any. Blocks for the work that it is: in a microsecond zlib makes some 600 bytes of what it inflates, and takes some 100 of what
// it deflates.
// Source: https://github.com/grpc/grpc/blob/master/doc/compression.md.
namespace rota::native {

enum class Encoding { kIdentity, kGzip };

// The value of grpc-accept-encoding: what this side reads.
inline constexpr std::string_view kAcceptedEncodings = "identity, gzip";

// The encoding called `name` in grpc-encoding; nothing when it is unknown.
std::optional<Encoding> ParseEncoding(std::string_view name);
// Whether a list as in grpc-accept-encoding has `name`.
bool ListHas(std::string_view list, std::string_view name);

// What the message in `compressed` says that it unpacks to, modulo 2^32; 0 when it is too short to be one.
size_t UnpackedSize(std::string_view compressed);

// The unpacking of one message, which may be done a piece at a time.
// Thread: one.
class Unpacking {
 public:
  // Of the message in `compressed`, which must stay; no more than `limit` bytes are ever made of it.
  Unpacking(std::string_view compressed, size_t limit);
  ~Unpacking();
  Unpacking(const Unpacking&) = delete;
  Unpacking& operator=(const Unpacking&) = delete;

  // Reads `most` bytes more, and makes as many more, at most. False: there is more to do.
  bool Step(size_t most);
  // The message, once Step() has returned true.
  // Errors: RESOURCE_EXHAUSTED when it is longer than `limit`, or says so in its last bytes after a sound beginning; INTERNAL when it
  //         is not gzip, or not the whole of `compressed` is.
  StatusOr<Payload> Take();

 private:
  // Whether that was the last step; the status, too, when it is not well.
  bool Inflate(size_t most);

  z_stream stream_{};
  const size_t limit_;
  // Bytes of the compressed message that zlib was not shown yet.
  size_t left_to_read_;
  Payload message_;
  Status status_;
  bool started_ = false;
};

// All at once.
StatusOr<Payload> Gunzip(std::string_view compressed, size_t limit);
// The packing of one message, fast rather than small, which may be done a piece at a time.
// Thread: one.
class Packing {
 public:
  // Of `message`, which must stay.
  explicit Packing(std::string_view message);
  ~Packing();
  Packing(const Packing&) = delete;
  Packing& operator=(const Packing&) = delete;

  // Reads `most` bytes more, at most. False: there is more to do.
  bool Step(size_t most);
  // The message compressed, once Step() has returned true; nothing when that is no shorter.
  std::optional<Payload> Take();

 private:
  z_stream stream_{};
  size_t left_to_read_;
  Payload compressed_;
  bool started_ = false;
  bool is_shorter_ = false;
};

// All at once.
std::optional<Payload> Gzip(std::string_view message);

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_COMPRESSION_H_
