#ifndef ROTA_BASE_HISTOGRAM_H_
#define ROTA_BASE_HISTOGRAM_H_

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace rota {

// Counts durations in buckets whose upper bounds are powers of two nanoseconds, from 2^10 (about 1 us) to 2^34
// (about 17 s), and one for what is longer. Recording is one bit count and three additions.
// Thread: one; observe reads it on the same thread when a scrape comes.
class DurationHistogram {
 public:
  static constexpr int kFirstExponent = 10;
  static constexpr size_t kBounds = 25;

  void Record(std::chrono::nanoseconds duration) noexcept {
    const int64_t signed_ns = duration.count();
    const uint64_t ns = signed_ns > 0 ? static_cast<uint64_t>(signed_ns) : 0;
    ++buckets_[Bucket(ns)];
    ++count_;
    sum_ns_ += ns;
  }

  // Number of recorded durations d with bound(i-1) < d <= bound(i); i == kBounds is the bucket without a bound.
  uint64_t bucket(size_t i) const noexcept { return buckets_[i]; }
  static constexpr double BoundSeconds(size_t i) noexcept {
    return static_cast<double>(uint64_t{1} << (kFirstExponent + i)) * 1e-9;
  }
  uint64_t count() const noexcept { return count_; }
  std::chrono::nanoseconds sum() const noexcept { return std::chrono::nanoseconds(sum_ns_); }

 private:
  static size_t Bucket(uint64_t ns) noexcept {
    // ceil(log2(ns)), because a bucket includes its upper bound.
    const int exponent = ns <= 1 ? 0 : std::bit_width(ns - 1);
    if (exponent <= kFirstExponent) return 0;
    const size_t i = static_cast<size_t>(exponent - kFirstExponent);
    return i < kBounds ? i : kBounds;
  }

  std::array<uint64_t, kBounds + 1> buckets_{};
  uint64_t count_ = 0;
  uint64_t sum_ns_ = 0;
};

}  // namespace rota

#endif  // ROTA_BASE_HISTOGRAM_H_
