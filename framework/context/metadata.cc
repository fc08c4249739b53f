#include "framework/context/metadata.h"

#include <algorithm>
#include <limits>
#include <string>

#include "framework/base/block_pool.h"
#include "framework/base/check.h"

namespace rota {
namespace {

// A few short entries.
constexpr size_t kFirstBlock = 256;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

Metadata::Metadata(const Metadata& other) {
  if (other.used_ == 0) return;
  MakeRoom(other.used_);
  std::copy_n(other.block_, other.used_, block_);
  used_ = other.used_;
  size_ = other.size_;
}

void Metadata::Add(std::string_view key, std::string_view value) {
  const Sizes sizes{static_cast<uint32_t>(key.size()), static_cast<uint32_t>(value.size())};
  const size_t total = sizeof(sizes) + key.size() + value.size();
  const Metadata outgrown = MakeRoom(total);
  char* place = block_ + used_;
  std::memcpy(place, &sizes, sizeof(sizes));
  place = std::transform(key.begin(), key.end(), place + sizeof(sizes), Lower);
  std::copy(value.begin(), value.end(), place);
  used_ += static_cast<uint32_t>(total);
  ++size_;
}

void Metadata::Set(std::string_view key, std::string_view value) {
  // Copied first: both may be views into an entry that goes away.
  const std::string own_key(key);
  const std::string own_value(value);
  Remove(own_key);
  Add(own_key, own_value);
}

size_t Metadata::Remove(std::string_view key) {
  std::string lower(key);
  std::transform(lower.begin(), lower.end(), lower.begin(), Lower);
  Metadata kept;
  for (const auto& [name, value] : *this) {
    if (name != lower) kept.Add(name, value);
  }
  const size_t removed = size_ - kept.size_;
  if (removed > 0) Swap(kept);
  return removed;
}

std::optional<std::string_view> Metadata::Get(std::string_view key) const {
  for (const auto& [name, value] : *this) {
    if (name == key) return value;
  }
  return std::nullopt;
}

Metadata Metadata::MakeRoom(size_t bytes) {
  Metadata outgrown;
  if (bytes <= capacity_ - used_) return outgrown;
  constexpr size_t kMost = std::numeric_limits<uint32_t>::max();
  ROTA_CHECK(bytes <= kMost - used_, "metadata of more than 4 GiB");
  Swap(outgrown);
  const size_t capacity = std::min(std::max({kFirstBlock, outgrown.used_ + bytes, size_t{outgrown.capacity_} * 2}), kMost);
  block_ = static_cast<char*>(BlockPool::Allocate(capacity));
  capacity_ = static_cast<uint32_t>(capacity);
  std::copy_n(outgrown.block_, outgrown.used_, block_);
  used_ = outgrown.used_;
  size_ = outgrown.size_;
  return outgrown;
}

void Metadata::FreeBlock() noexcept { BlockPool::Free(block_, capacity_); }

}  // namespace rota
