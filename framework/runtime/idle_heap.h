#ifndef ROTA_RUNTIME_IDLE_HEAP_H_
#define ROTA_RUNTIME_IDLE_HEAP_H_

#include <cstddef>
#include <cstdint>

namespace rota {

// Gives memory that a burst took and freed back to the system. By itself glibc returns only the end of the heap, so that a
// process stays as large as it was with the most connections that it ever had. Looked at once a second, and done only
// while next to nothing goes on, because it holds up whoever allocates meanwhile.
// Thread: loop.
class IdleHeap {
 public:
  // Growth since the last time that is worth it.
  static constexpr size_t kWorthBytes = 4 << 20;
  // More calls than this since the last look: the process is busy.
  static constexpr uint64_t kQuietCalls = 20;

  // `calls_started`: how many there have been so far. Whether it gave memory back.
  bool Look(uint64_t calls_started);

 private:
  uint64_t calls_seen_ = 0;
  size_t resident_ = 0;  // After the last time.
};

}  // namespace rota

#endif  // ROTA_RUNTIME_IDLE_HEAP_H_
