#include "framework/context/metadata.h"

#include <algorithm>

namespace rota {
namespace {

std::string ToLower(std::string_view key) {
  std::string lower(key);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

}  // namespace

void Metadata::Add(std::string_view key, std::string_view value) { entries_.emplace_back(ToLower(key), value); }

void Metadata::Set(std::string_view key, std::string_view value) {
  // Copied first: `value` may be a view into an entry that goes away.
  Entry entry(ToLower(key), value);
  Remove(entry.first);
  entries_.push_back(std::move(entry));
}

size_t Metadata::Remove(std::string_view key) {
  const std::string lower = ToLower(key);
  return std::erase_if(entries_, [&](const Entry& entry) { return entry.first == lower; });
}

std::optional<std::string_view> Metadata::Get(std::string_view key) const {
  const auto it = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.first == key; });
  if (it == entries_.end()) return std::nullopt;
  return it->second;
}

}  // namespace rota
