#ifndef ROTA_RUNTIME_IDLE_HEAP_H_
#define ROTA_RUNTIME_IDLE_HEAP_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace rota {

// Gives memory that a burst took and freed back to the system. By itself glibc returns only the end of the heap, so that a
// process stays as large as it was with the most connections that it ever had. Looked at once a second, and done only
// while next to nothing goes on, because it holds up whoever allocates meanwhile.
// Thread: loop.
// Source: mallopt(3), M_TRIM_THRESHOLD; malloc_trim(3).
class IdleHeap {
 public:
  // Free memory that is worth it.
  static constexpr size_t kWorthBytes = 128 << 10;
  // More calls than this since the last look: the process is busy.
  static constexpr uint64_t kQuietCalls = 20;

  // `trim` frees what is kept for calls to come, before the heap is given back.
  explicit IdleHeap(std::function<void()> trim) : trim_(std::move(trim)) {}

  // `calls_started`: how many there have been so far. Whether it gave memory back.
  bool Look(uint64_t calls_started);

 private:
  const std::function<void()> trim_;
  uint64_t calls_seen_ = 0;
  size_t slack_ = 0;  // Of the process, after the last time: resident and not in use.
};

}  // namespace rota

#endif  // ROTA_RUNTIME_IDLE_HEAP_H_
