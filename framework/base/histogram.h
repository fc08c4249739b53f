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
// (about 17 s), and one for what is longer. Recording is two additions, and for what is longer than the first bound a bit count.
// Thread: one; observe reads it on the same thread when a scrape comes.
class DurationHistogram {
 public:
  static constexpr int kFirstExponent = 10;
  static constexpr size_t kBounds = 25;
  // The first bound.
  static constexpr std::chrono::nanoseconds kShort{1 << kFirstExponent};

  void Record(std::chrono::nanoseconds duration) noexcept {
    auto ns = static_cast<uint64_t>(duration.count());
    size_t bucket = 0;
    // By a branch, which the processor guesses: the additions would have to wait for a bucket that follows from the duration, and
    // with that for the reading of the clock. A negative duration is large here.
    if (ns > kFirstBound) [[unlikely]] {
      if (duration.count() < 0) {
        ns = 0;
      } else {
        bucket = LaterBucket(ns);
      }
    }
    ++buckets_[bucket];
    sum_ns_ += ns;
  }

  // Records a duration from 0 to kShort.
  void RecordShort(std::chrono::nanoseconds duration) noexcept {
    ++buckets_[0];
    sum_ns_ += static_cast<uint64_t>(duration.count());
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

  // ceil(log2(ns)) - kFirstExponent, because a bucket includes its upper bound. Of what is longer than the first bound.
  static size_t LaterBucket(uint64_t ns) noexcept {
    return std::min(static_cast<size_t>(std::bit_width(ns - 1) - kFirstExponent), kBounds);
  }

  std::array<uint64_t, kBounds + 1> buckets_{};
  uint64_t sum_ns_ = 0;
};

}  // namespace rota

#endif  // ROTA_BASE_HISTOGRAM_H_
