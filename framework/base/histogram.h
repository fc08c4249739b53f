#ifndef ROTA_BASE_HISTOGRAM_H_
#define ROTA_BASE_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace rota {

// Counts durations in buckets whose upper bounds are powers of two nanoseconds, from 2^10 (about 1 us) to 2^34
// (about 17 s), and one for what is longer. Recording is one bit count and two additions, and
// for what is not longer than the first bound the additions alone.
// Thread: one; observe reads it on the same thread when a scrape comes.
class DurationHistogram {
 public:
  static constexpr int kFirstExponent = 10;
  static constexpr size_t kBounds = 25;

  void Record(std::chrono::nanoseconds duration) noexcept {
    auto ns = static_cast<uint64_t>(duration.count());
    size_t bucket = 0;
    // Short ones, to which each instruction is a part of what they measure. A negative one is large here.
    if (ns > kFirstBound) [[unlikely]] {
      ns = static_cast<uint64_t>(std::max<int64_t>(duration.count(), 0));
      bucket = Bucket(ns);
    }
    ++buckets_[bucket];
    sum_ns_ += ns;
  }

  // Number of recorded durations d with bound(i-1) < d <= bound(i); i == kBounds is the bucket without a bound.
  uint64_t bucket(size_t i) const noexcept { return buckets_[i]; }
  static constexpr double BoundSeconds(size_t i) noexcept {
    return static_cast<double>(uint64_t{1} << (kFirstExponent + i)) * 1e-9;
  }
  uint64_t count() const noexcept { return std::accumulate(buckets_.begin(), buckets_.end(), uint64_t{0}); }
  std::chrono::nanoseconds sum() const noexcept { return std::chrono::nanoseconds(sum_ns_); }

 private:
  static constexpr uint64_t kFirstBound = uint64_t{1} << kFirstExponent;

  static size_t Bucket(uint64_t ns) noexcept {
    // ceil(log2(ns)), because a bucket includes its upper bound; less kFirstExponent, and at least 0.
    const uint64_t below = ns - static_cast<uint64_t>(ns > 0);
    return std::min<size_t>(static_cast<size_t>(std::bit_width(below >> (kFirstExponent - 1) | 1)) - 1, kBounds);
  }

  std::array<uint64_t, kBounds + 1> buckets_{};
  uint64_t sum_ns_ = 0;
};

}  // namespace rota

#endif  // ROTA_BASE_HISTOGRAM_H_
