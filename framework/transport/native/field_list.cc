#include "framework/transport/native/field_list.h"

#include <array>
#include <utility>

#include "framework/base/log.h"
#include "framework/transport/native/metadata_codec.h"

namespace rota::native {
namespace {

constexpr std::array<std::string_view, kStatusCodeCount> kCodes = {"0", "1", "2",  "3",  "4",  "5",  "6",  "7", "8",
                                                                   "9", "10", "11", "12", "13", "14", "15", "16"};

uint8_t* Bytes(std::string_view text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); }

}  // namespace

void FieldList::Append(std::string_view name, std::string_view value, uint8_t flags) {
  const nghttp2_nv field = {Bytes(name), Bytes(value), name.size(), value.size(), flags};
  if (more_.empty() && count_ < kFew) {
    few_[count_++] = field;
    return;
  }
  if (more_.empty()) more_.assign(few_.begin(), few_.end());
  more_.push_back(field);
}

void FieldList::AddCopy(std::string_view name, std::string value) {
  copies_.push_front(std::move(value));
  Append(name, copies_.front(), kOnce);
}

void FieldList::AddMetadata(const Metadata& metadata) {
  for (const auto& [key, value] : metadata) {
    if (IsBinaryKey(key)) {
      AddCopy(key, EncodeBase64(value));
    } else {
      Add(key, value);
    }
  }
}

void FieldList::AddStatus(const Status& status) {
  Add("grpc-status", kCodes[static_cast<size_t>(status.code())]);
  if (!status.message().empty()) AddCopy("grpc-message", EncodePercent(status.message()));
  if (!status.details().empty()) AddCopy("grpc-status-details-bin", EncodeBase64(status.details()));
}

Metadata Sendable(const Metadata& metadata, const std::string& path) {
  Metadata sendable;
  for (const auto& [key, value] : metadata) {
    if (const char* why = WhyNotSendable(key, value)) {
      Log(LogLevel::kWarn, "metadata_dropped", {{"path", path}, {"key", key}, {"reason", why}});
    } else {
      sendable.Add(key, value);
    }
  }
  return sendable;
}

}  // namespace rota::native
