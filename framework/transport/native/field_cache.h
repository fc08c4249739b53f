#ifndef ROTA_TRANSPORT_NATIVE_FIELD_CACHE_H_
#define ROTA_TRANSPORT_NATIVE_FIELD_CACHE_H_

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "framework/transport/native/field_kind.h"

namespace rota::native {

// What the header fields of one connection are. Clients send the same fields in the same order with each call, and HPACK gives
// the same memory for a field that comes again by its number in the table of the connection: then it need not be read again.
// Thread: loop.
// Owner:  the session. Destroyed before the memory that nghttp2 has its buffers from.
// Bound:  kFields fields of at most kMaxBytes each are kept in memory when nghttp2 lets go of them.
class FieldCache {
 public:
  static constexpr size_t kFields = 10;
  static constexpr size_t kMaxBytes = 256;

  FieldCache() = default;
  ~FieldCache() { Clear(); }
  FieldCache(const FieldCache&) = delete;
  FieldCache& operator=(const FieldCache&) = delete;

  // A list of fields begins.
  void Begin() { next_ = 0; }
  // Its next field; name and value may be left out where the kind says all. Valid until the next one is asked for.
  const RequestField& Next(nghttp2_rcbuf* name, nghttp2_rcbuf* value) {
    if (next_ < kFields) {
      const Entry& entry = entries_[next_];
      if (entry.name == name && entry.value == value) {
        ++next_;
        read_.kind = entry.kind;
        read_.list_bytes = entry.list_bytes;
        if (!SaysAll(entry.kind)) View(name, value);
        return read_;
      }
    }
    return Read(name, value);
  }
  // Keeps nothing, also of the list that comes in.
  void Clear();

 private:
  // The buffers are held, so that no other field can have their addresses.
  struct Entry {
    nghttp2_rcbuf* name = nullptr;
    nghttp2_rcbuf* value = nullptr;
    uint32_t list_bytes = 0;
    FieldKind usual = FieldKind::kIllegal;
    FieldKind kind = FieldKind::kIllegal;
  };

  void View(nghttp2_rcbuf* name, nghttp2_rcbuf* value);
  const RequestField& Read(nghttp2_rcbuf* name, nghttp2_rcbuf* value);

  // By the place of the field in the list.
  std::array<Entry, kFields> entries_;
  size_t next_ = 0;
  RequestField read_;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_FIELD_CACHE_H_
