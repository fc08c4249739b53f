#ifndef ROTA_TRANSPORT_NATIVE_MESSAGE_FRAMER_H_
#define ROTA_TRANSPORT_NATIVE_MESSAGE_FRAMER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "framework/base/status.h"
#include "framework/rpc/payload.h"

namespace rota::native {

// Cuts the bytes of a stream into messages: a flag, four bytes of length, and the message itself. The frames of HTTP/2 may
// cut them anywhere. The message is put together in the memory in which it is handed on.
// Thread: one.
// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message".
class MessageFramer {
 public:
  struct Message {
    Payload payload;
    bool compressed = false;
  };

  // Begins anew; no message may be longer than `limit`.
  void Reset(size_t limit);

  // Takes bytes from the front of `bytes` until a message is complete or none are left. Nothing: more are needed, or what
  // came is in error(), after which it takes no more.
  std::optional<Message> Next(std::span<const uint8_t>& bytes);

  // RESOURCE_EXHAUSTED: a message is longer than the limit, known before memory for it is taken. INTERNAL: its flag is
  // neither 0 nor 1.
  const Status& error() const { return error_; }
  // A message has begun and is not complete.
  bool within_message() const { return prefix_size_ > 0; }

 private:
  static constexpr size_t kPrefixBytes = Payload::kHeadroom;

  bool TakePrefix(std::span<const uint8_t>& bytes);
  void BeginMessage();

  size_t limit_ = 0;
  std::array<uint8_t, kPrefixBytes> prefix_{};
  size_t prefix_size_ = 0;
  Payload message_;
  size_t message_size_ = 0;  // How much of message_ has come.
  Status error_;
};

// Puts the prefix of an outgoing message into its headroom, which must be there.
void WritePrefix(Payload& message, bool compressed);

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_MESSAGE_FRAMER_H_
