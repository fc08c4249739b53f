#ifndef ROTA_CONTEXT_METADATA_H_
#define ROTA_CONTEXT_METADATA_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace rota {

// The custom metadata of a call: keys in lower case with values, in the order in which they were added; a key may
// occur more than once. Values of keys that end in "-bin" are raw bytes here; the transport encodes them.
// All of it lies in one block of memory, which comes from the pool of blocks: most calls have some, and few have much.
// Thread: a value.
// Limits: 4 GiB in all.
// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Custom-Metadata".
class Metadata {
 public:
  // Key and value. The views live until the next change.
  using Entry = std::pair<std::string_view, std::string_view>;

  // Gives each entry, by value.
  class Iterator {
   public:
    Entry operator*() const {
      const Sizes sizes = Sizes::At(place_);
      const char* const key = place_ + sizeof(Sizes);
      return {{key, sizes.key}, {key + sizes.key, sizes.value}};
    }
    Iterator& operator++() {
      place_ += Sizes::At(place_).Total();
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) = default;

   private:
    friend class Metadata;
    explicit Iterator(const char* place) : place_(place) {}
    const char* place_;
  };

  Metadata() noexcept = default;
  Metadata(const Metadata& other);
  Metadata(Metadata&& other) noexcept { Swap(other); }
  Metadata& operator=(Metadata other) noexcept {
    Swap(other);
    return *this;
  }
  ~Metadata() {
    if (block_ != nullptr) FreeBlock();
  }

  // Appends; upper-case ASCII letters of `key` become lower case.
  void Add(std::string_view key, std::string_view value);
  // Replaces every value of `key` by `value`.
  void Set(std::string_view key, std::string_view value);
  // Removes every value of `key`; returns how many there were.
  size_t Remove(std::string_view key);
  // Removes all; memory is kept for reuse.
  void Clear() { used_ = size_ = 0; }
  // The first value of `key` (in lower case). The view lives until the next change.
  std::optional<std::string_view> Get(std::string_view key) const;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Iterator begin() const { return Iterator(block_); }
  Iterator end() const { return Iterator(block_ + used_); }

 private:
  // Before the bytes of each entry, which follow one another.
  struct Sizes {
    static Sizes At(const char* place) {
      Sizes sizes;
      std::memcpy(&sizes, place, sizeof(sizes));
      return sizes;
    }
    size_t Total() const { return sizeof(Sizes) + key + value; }
    uint32_t key;
    uint32_t value;
  };

  void Swap(Metadata& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(capacity_, other.capacity_);
    std::swap(used_, other.used_);
    std::swap(size_, other.size_);
  }
  // Makes room for `bytes` more. Returns the block that was too small for them, to which a view may still refer. Stops the
  // process at the limit.
  Metadata MakeRoom(size_t bytes);
  void FreeBlock() noexcept;

  char* block_ = nullptr;
  uint32_t capacity_ = 0;
  uint32_t used_ = 0;
  uint32_t size_ = 0;  // In entries.
};

}  // namespace rota

#endif  // ROTA_CONTEXT_METADATA_H_
