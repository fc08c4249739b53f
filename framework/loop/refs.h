#ifndef ROTA_LOOP_REFS_H_
#define ROTA_LOOP_REFS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "framework/base/check.h"

namespace rota {

// Why a loop stays alive.
//   kTimer      a timeout or interval that is armed and not unref'd
//   kImmediate  a queued immediate that is not unref'd
//   kHandle     an open handle that is not unref'd: a listener, a signal watcher
//   kClosing    a handle whose close callback has yet to run
//   kJob        a job of the worker pool that has not come back
//   kIo         an outstanding operation of the poller: an accept, a read, a write
enum class RefKind : uint8_t { kTimer, kImmediate, kHandle, kClosing, kJob, kIo };

inline constexpr size_t kRefKindCount = 6;

// "timer", "immediate", ...: the label of logs and metrics.
constexpr std::string_view RefKindName(RefKind kind) {
  constexpr std::string_view kNames[kRefKindCount] = {"timer", "immediate", "handle", "closing", "job", "io"};
  return kNames[static_cast<size_t>(kind)];
}

// The refs of one loop, counted by kind.
// Thread: loop.
class RefCounts {
 public:
  void Add(RefKind kind) noexcept {
    ++counts_[static_cast<size_t>(kind)];
    ++total_;
  }
  void Remove(RefKind kind) noexcept {
    ROTA_DCHECK(counts_[static_cast<size_t>(kind)] > 0, "a ref was removed twice");
    --counts_[static_cast<size_t>(kind)];
    --total_;
  }
  uint64_t count(RefKind kind) const noexcept { return counts_[static_cast<size_t>(kind)]; }
  uint64_t total() const noexcept { return total_; }

 private:
  std::array<uint64_t, kRefKindCount> counts_{};
  uint64_t total_ = 0;
};

}  // namespace rota

#endif  // ROTA_LOOP_REFS_H_
