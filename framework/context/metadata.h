#ifndef ROTA_CONTEXT_METADATA_H_
#define ROTA_CONTEXT_METADATA_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rota {

// The custom metadata of a call: keys in lower case with values, in the order in which they were added; a key may
// occur more than once. Values of keys that end in "-bin" are raw bytes here; the transport encodes them.
// Thread: a value.
// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Custom-Metadata".
class Metadata {
 public:
  using Entry = std::pair<std::string, std::string>;

  // Appends; upper-case ASCII letters of `key` become lower case.
  void Add(std::string_view key, std::string_view value);
  // Replaces every value of `key` by `value`.
  void Set(std::string_view key, std::string_view value);
  // Removes every value of `key`; returns how many there were.
  size_t Remove(std::string_view key);
  // Removes all; memory is kept for reuse.
  void Clear() { entries_.clear(); }
  // The first value of `key` (in lower case). The view lives until the next change.
  std::optional<std::string_view> Get(std::string_view key) const;

  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  std::vector<Entry> entries_;
};

}  // namespace rota

#endif  // ROTA_CONTEXT_METADATA_H_
