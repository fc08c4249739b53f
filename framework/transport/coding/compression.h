#ifndef ROTA_TRANSPORT_CODING_COMPRESSION_H_
#define ROTA_TRANSPORT_CODING_COMPRESSION_H_

#include <zlib.h>

#include <cstddef>
#include <optional>
#include <string_view>

#include "framework/base/status_or.h"
#include "framework/rpc/payload.h"

// The compression of messages. A message is compressed by itself; nothing is kept from one to the next.
// Thread: any. Blocks for the work that it is. In a microsecond zlib deflates some 100 bytes. What it inflates costs by what comes out, some
// 600 bytes in a microsecond, and by what goes in: a block of 11 bytes that makes nothing takes it nearly one.
// Source: https://github.com/grpc/grpc/blob/master/doc/compression.md.
namespace rota::coding {

// At most so much work is it to unpack the message in `compressed`, of which no more than `limit` bytes are made, in bytes that come out.
size_t UnpackingWork(std::string_view compressed, size_t limit);
// The same of packing `message`.
size_t PackingWork(std::string_view message);

// The unpacking of one message, which may be done a piece at a time.
// Thread: one.
class Unpacking {
 public:
  // Of the message in `compressed`, which must stay; no more than `limit` bytes are ever made of it.
  Unpacking(std::string_view compressed, size_t limit);
  ~Unpacking();
  Unpacking(const Unpacking&) = delete;
  Unpacking& operator=(const Unpacking&) = delete;

  // Does `work` more at most, as UnpackingWork() counts it, and at least a little. False: there is more to do.
  bool Step(size_t work);
  // The message, once Step() has returned true.
  // Errors: RESOURCE_EXHAUSTED when it is longer than `limit`, or says so in its last bytes after a sound beginning; INTERNAL when it
  //         is not gzip, or not the whole of `compressed` is.
  StatusOr<Payload> Take();

 private:
  bool Inflate(size_t work);
  bool Judge(size_t work);

  z_stream stream_{};
  const size_t limit_;
  // Bytes of the compressed message that zlib was not shown yet.
  size_t left_to_read_;
  Payload message_;
  Status status_;
  bool started_ = false;
  bool says_too_long_ = false;
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

  // Does `work` more at most, as PackingWork() counts it, and at least a little. False: there is more to do.
  bool Step(size_t work);
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

}  // namespace rota::coding

#endif  // ROTA_TRANSPORT_CODING_COMPRESSION_H_
