#include "framework/transport/native/message_framer.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace rota::native {
namespace {

constexpr uint8_t kCompressedFlag = 1;

uint32_t ReadLength(const uint8_t* bytes) {
  return (uint32_t{bytes[0]} << 24) | (uint32_t{bytes[1]} << 16) | (uint32_t{bytes[2]} << 8) | uint32_t{bytes[3]};
}

}  // namespace

void MessageFramer::Reset(size_t limit) {
  limit_ = limit;
  prefix_size_ = 0;
  message_ = Payload();
  message_size_ = 0;
  error_ = OkStatus();
}

std::optional<MessageFramer::Message> MessageFramer::Next(std::span<const uint8_t>& bytes) {
  if (bytes.empty() || !error_.ok()) return std::nullopt;
  if (prefix_size_ < kPrefixBytes) {
    if (prefix_size_ == 0 && bytes.size() >= kPrefixBytes) {
      // Most often it is whole.
      std::memcpy(prefix_.data(), bytes.data(), kPrefixBytes);
      prefix_size_ = kPrefixBytes;
      bytes = bytes.subspan(kPrefixBytes);
    } else if (!TakePrefix(bytes)) {
      return std::nullopt;
    }
    BeginMessage();
    if (!error_.ok()) return std::nullopt;
  }
  const size_t taken = std::min(bytes.size(), message_.size() - message_size_);
  if (taken > 0) std::memcpy(message_.data() + message_size_, bytes.data(), taken);
  bytes = bytes.subspan(taken);
  message_size_ += taken;
  if (message_size_ < message_.size()) return std::nullopt;
  prefix_size_ = 0;
  return Message{std::move(message_), prefix_[0] == kCompressedFlag};
}

bool MessageFramer::TakePrefix(std::span<const uint8_t>& bytes) {
  const size_t taken = std::min(bytes.size(), kPrefixBytes - prefix_size_);
  std::copy_n(bytes.data(), taken, prefix_.data() + prefix_size_);
  prefix_size_ += taken;
  bytes = bytes.subspan(taken);
  return prefix_size_ == kPrefixBytes;
}

void MessageFramer::BeginMessage() {
  if (prefix_[0] > kCompressedFlag) {
    error_ = InternalError("the flag before a message is " + std::to_string(prefix_[0]) + ", neither 0 nor 1");
    return;
  }
  const size_t length = ReadLength(&prefix_[1]);
  if (length > limit_) {
    error_ = ResourceExhaustedError("message of " + std::to_string(length) + " bytes is larger than the limit of " +
                                    std::to_string(limit_));
    return;
  }
  message_ = Payload::Allocate(length);
  message_size_ = 0;
}

void WritePrefix(Payload& message, bool compressed) {
  const uint32_t length = static_cast<uint32_t>(message.size());
  uint8_t* const prefix = message.headroom();
  prefix[0] = compressed ? kCompressedFlag : 0;
  prefix[1] = static_cast<uint8_t>(length >> 24);
  prefix[2] = static_cast<uint8_t>(length >> 16);
  prefix[3] = static_cast<uint8_t>(length >> 8);
  prefix[4] = static_cast<uint8_t>(length);
}

}  // namespace rota::native
