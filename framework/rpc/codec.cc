#include "framework/rpc/codec.h"

#include <limits>
#include <string>

namespace rota {
namespace {

// Protobuf counts the bytes of a message in an int.
constexpr size_t kMaxBytes = std::numeric_limits<int>::max();

}  // namespace

Status Decode(const MethodInfo& method, const Payload& payload, google::protobuf::MessageLite& message) {
  using google::protobuf::MessageLite;
  // Partial: a required field that is missing would be logged on stderr by protobuf; it is checked here instead. And merged:
  // there is nothing to clear.
  const google::protobuf::StringPiece bytes(reinterpret_cast<const char*>(payload.data()), payload.size());
  if (payload.size() <= kMaxBytes && message.ParseFrom<MessageLite::kMergePartial>(bytes) && message.IsInitialized()) {
    return OkStatus();
  }
  return InternalError("request of " + std::string(method.full_name) + " is not a valid " + message.GetTypeName());
}

StatusOr<Payload> Encode(const MethodInfo& method, const google::protobuf::MessageLite& message) {
  const size_t size = message.ByteSizeLong();
  if (size > kMaxBytes) {
    return InternalError("answer of " + std::string(method.full_name) + " has " + std::to_string(size) + " bytes, more than protobuf can write");
  }
  Payload payload = Payload::Allocate(size);
  message.SerializeWithCachedSizesToArray(payload.data());
  return payload;
}

}  // namespace rota
