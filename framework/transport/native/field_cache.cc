#include "framework/transport/native/field_cache.h"

#include <string_view>

namespace rota::native {
namespace {

std::string_view TextOf(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

void Hold(nghttp2_rcbuf*& place, nghttp2_rcbuf* buffer) {
  if (buffer != nullptr) nghttp2_rcbuf_incref(buffer);
  if (place != nullptr) nghttp2_rcbuf_decref(place);
  place = buffer;
}

}  // namespace

void FieldCache::View(nghttp2_rcbuf* name, nghttp2_rcbuf* value) {
  read_.name = TextOf(name);
  read_.value = TextOf(value);
}

const RequestField& FieldCache::Read(nghttp2_rcbuf* name, nghttp2_rcbuf* value) {
  const std::string_view name_text = TextOf(name);
  const std::string_view value_text = TextOf(value);
  if (next_ >= kFields || name_text.size() + value_text.size() > kMaxBytes) {
    ++next_;
    return read_ = RequestField(name_text, value_text);
  }
  Entry& entry = entries_[next_++];
  if (entry.name != name) {
    Hold(entry.name, name);
    entry.usual = UsualKind(name_text);
  }
  Hold(entry.value, value);
  read_ = RequestField(name_text, value_text, entry.usual);
  entry.list_bytes = read_.list_bytes;
  entry.kind = read_.kind;
  return read_;
}

void FieldCache::Clear() {
  for (Entry& entry : entries_) {
    Hold(entry.name, nullptr);
    Hold(entry.value, nullptr);
  }
  next_ = kFields;
}

}  // namespace rota::native
