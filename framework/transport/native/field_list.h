#ifndef ROTA_TRANSPORT_NATIVE_FIELD_LIST_H_
#define ROTA_TRANSPORT_NATIVE_FIELD_LIST_H_

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <string>
#include <string_view>
#include <vector>

#include "framework/base/status.h"
#include "framework/context/metadata.h"

namespace rota::native {

// A list of header fields for nghttp2, which reads it while a frame is submitted and packed: what it refers to must stay until
// the frame is sent.
// Thread: loop.
class FieldList {
 public:
  // Both must stay.
  void Add(std::string_view name, std::string_view value) { Append(name, value, kBothStay); }
  // The value is one of this call only, so that it has no place in the table of header compression; it is copied.
  void AddCopy(std::string_view name, std::string value);
  // What Sendable() returned, which must stay. Values of binary keys are encoded.
  void AddMetadata(const Metadata& metadata);
  // grpc-status and what goes with it.
  void AddStatus(const Status& status);

  const nghttp2_nv* data() const { return more_.empty() ? few_.data() : more_.data(); }
  size_t size() const { return more_.empty() ? count_ : more_.size(); }

 private:
  static constexpr uint8_t kBothStay = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;
  static constexpr uint8_t kOnce = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_INDEX;

  void Append(std::string_view name, std::string_view value, uint8_t flags);

  // A list without metadata is short.
  static constexpr size_t kFew = 6;
  std::array<nghttp2_nv, kFew> few_;
  size_t count_ = 0;
  std::vector<nghttp2_nv> more_;  // All, once they are more than few.
  std::forward_list<std::string> copies_;  // Until nghttp2 has made its own.
};

// The part of `metadata` that can be sent; the rest is logged, with `path`, and dropped.
Metadata Sendable(const Metadata& metadata, const std::string& path);

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_FIELD_LIST_H_
