#ifndef ROTA_RPC_PAYLOAD_H_
#define ROTA_RPC_PAYLOAD_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "framework/base/block_pool.h"

namespace rota {

// The bytes of one message in one block of memory, with room in front for the five bytes that gRPC puts before each
// message on the wire, so a transport sends both without a copy. Short ones come from the pool of blocks.
// Thread: a value; may be moved between threads.
// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message".
class Payload {
 public:
  static constexpr size_t kHeadroom = 5;

  // No bytes.
  Payload() noexcept = default;
  Payload(Payload&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(other.capacity_),
        compressed_(std::exchange(other.compressed_, false)) {}
  Payload& operator=(Payload&& other) noexcept {
    Payload taken(std::move(other));
    std::swap(block_, taken.block_);
    std::swap(size_, taken.size_);
    std::swap(capacity_, taken.capacity_);
    std::swap(compressed_, taken.compressed_);
    return *this;
  }
  ~Payload() {
    if (block_ != nullptr) BlockPool::Free(block_, capacity_);
  }

  // `size` bytes with undefined content.
  static Payload Allocate(size_t size) {
    Payload payload;
    payload.capacity_ = size + kHeadroom;
    payload.block_ = static_cast<uint8_t*>(BlockPool::Allocate(payload.capacity_));
    payload.size_ = size;
    return payload;
  }
  static Payload Copy(std::string_view bytes) {
    Payload payload = Allocate(bytes.size());
    std::memcpy(payload.data(), bytes.data(), bytes.size());
    return payload;
  }

  // Drops all bytes after the first `size`, of which there must be so many.
  void Truncate(size_t size) noexcept { size_ = size; }

  // The bytes of the message. Not null, unless the payload was made without memory.
  uint8_t* data() noexcept { return block_ != nullptr ? block_ + kHeadroom : nullptr; }
  const uint8_t* data() const noexcept { return block_ != nullptr ? block_ + kHeadroom : nullptr; }
  size_t size() const noexcept { return size_; }
  std::string_view view() const noexcept { return {reinterpret_cast<const char*>(data()), size_}; }
  // The kHeadroom bytes before data(), for the transport; null exactly when data() is.
  uint8_t* headroom() noexcept { return block_; }

  // The bytes are never compressed here. Of a message that was received: it came compressed. Of one that is sent: it is to
  // be compressed, if the call allows it (Call::AllowCompression()) and the peer takes an encoding that the transport has.
  bool compressed() const noexcept { return compressed_; }
  void set_compressed(bool compressed) noexcept { compressed_ = compressed; }

 private:
  uint8_t* block_ = nullptr;  // Owned.
  size_t size_ = 0;
  size_t capacity_ = 0;  // Of the block, headroom included.
  bool compressed_ = false;
};

}  // namespace rota

#endif  // ROTA_RPC_PAYLOAD_H_
