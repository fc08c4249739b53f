#ifndef ROTA_TRANSPORT_CODING_COMPRESSION_H_
#define ROTA_TRANSPORT_CODING_COMPRESSION_H_

#include <zlib.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "framework/base/status_or.h"
#include "framework/rpc/payload.h"

// The compression of messages. A message is compressed by itself; nothing is kept from one to the next.
// Thread: any. Blocks for the work that it is. In a microsecond zlib deflates some 100 bytes. What it inflates costs by what comes out, some
// 600 bytes in a microsecond, and by what goes in: a block of 11 bytes that makes nothing takes it nearly one.
// Source: https://github.com/grpc/grpc/blob/master/doc/compression.md.
namespace rota::coding {

// How a message that comes may have been compressed.
enum class Form {
  kGzip,
  kGzipOrZlib,  // Its first bytes tell. What gRPC calls deflate is zlib (RFC 1950).
};

// At most so much work is it to unpack the message in `compressed`, of which no more than `limit` bytes are made, in bytes that come out.
size_t UnpackingWork(std::string_view compressed, size_t limit, Form form = Form::kGzip);
// The same of packing `message`.
size_t PackingWork(std::string_view message);

// The unpacking of one message, which may be done a piece at a time. Takes memory with its first step.
// Thread: one.
class Unpacking {
 public:
  // Of the message in `compressed`, which must stay; no more than `limit` bytes are ever made of it.
  Unpacking(std::string_view compressed, size_t limit, Form form = Form::kGzip);
  ~Unpacking();
  Unpacking(const Unpacking&) = delete;
  Unpacking& operator=(const Unpacking&) = delete;

  // Does `work` more at most, as UnpackingWork() counts it, and at least a little. False: there is more to do.
  bool Step(size_t work);
  // The message, once Step() has returned true.
  // Errors: RESOURCE_EXHAUSTED when it is longer than `limit`, or says so in its last bytes after a sound beginning; INTERNAL when it
  //         is not of that form, or not the whole of `compressed` is.
  StatusOr<Payload> Take();

 private:
  void Start();
  bool Measure(size_t work);
  void MakeMeasured();
  bool Inflate(size_t work);

  const std::string_view compressed_;
  const size_t limit_;
  const Form form_;
  const bool is_gzip_;
  z_stream stream_{};
  // Bytes of the compressed message that zlib was not shown yet.
  size_t left_to_read_;
  // While it is not known how long the message is, or that is said to be too long: it is unpacked to so much, none of which is kept.
  std::optional<size_t> measured_to_;
  Payload message_;
  Status status_;
  bool started_ = false;
};

// All at once.
StatusOr<Payload> Unpack(std::string_view compressed, size_t limit, Form form = Form::kGzip);

// What zlib needs to pack a message: 268 KB, kept for the next one. Taken from the heap and given back for each, they were given back to the
// system as well, and cost 19 page faults.
// Thread: one.
// Owner:  the server. Must outlive what it has lent.
class PackingStates {
 public:
  struct End {
    void operator()(z_stream* stream) const;
  };
  using State = std::unique_ptr<z_stream, End>;

  // Null: there is no memory.
  State Take();
  void GiveBack(State state);
  // Keeps none.
  void Trim() { kept_ = nullptr; }

 private:
  State kept_;
};

// The packing of one message, fast rather than small, which may be done a piece at a time. Takes memory with its first step.
// Thread: one.
class Packing {
 public:
  // Of `message`, which must stay.
  Packing(std::string_view message, PackingStates& states);
  ~Packing();
  Packing(const Packing&) = delete;
  Packing& operator=(const Packing&) = delete;

  // Does `work` more at most, as PackingWork() counts it, and at least a little. False: there is more to do.
  bool Step(size_t work);
  // The message compressed, once Step() has returned true; nothing when that is no shorter.
  std::optional<Payload> Take();

 private:
  void Start();

  const std::string_view message_;
  PackingStates& states_;
  bool started_ = false;
  PackingStates::State stream_;  // Null before the start, and where the message stays as it is.
  size_t left_to_read_;
  Payload compressed_;
  bool is_shorter_ = false;
};

// All at once.
std::optional<Payload> Pack(std::string_view message, PackingStates& states);

}  // namespace rota::coding

#endif  // ROTA_TRANSPORT_CODING_COMPRESSION_H_
