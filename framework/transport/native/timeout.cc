#include "framework/transport/native/timeout.h"

#include <cstddef>
#include <cstdint>

namespace rota::native {
namespace {

constexpr size_t kMaxDigits = 8;

// Eight digits of hours are 11,415 years, more than a Duration can hold; what is longer than this has no end in practice.
constexpr int64_t kLongestHours = 24 * 365 * 100;

}  // namespace

std::optional<Duration> ParseTimeout(std::string_view value) {
  if (value.size() < 2 || value.size() > kMaxDigits + 1) return std::nullopt;
  int64_t count = 0;
  for (const char digit : value.substr(0, value.size() - 1)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    count = count * 10 + (digit - '0');
  }
  switch (value.back()) {
    case 'H':
      return std::chrono::hours(count < kLongestHours ? count : kLongestHours);
    case 'M':
      return std::chrono::minutes(count);
    case 'S':
      return std::chrono::seconds(count);
    case 'm':
      return std::chrono::milliseconds(count);
    case 'u':
      return std::chrono::microseconds(count);
    case 'n':
      return std::chrono::nanoseconds(count);
    default:
      return std::nullopt;
  }
}

}  // namespace rota::native
