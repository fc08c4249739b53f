#ifndef ROTA_RUNTIME_IDLE_HEAP_H_
#define ROTA_RUNTIME_IDLE_HEAP_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "framework/runtime/free_pages.h"

namespace rota {

// Gives memory that a burst took and freed back to the system. By itself glibc returns only the end of the heap, so that a
// process stays as large as it was with the most connections that it ever had; and it does so in the midst of a request: to free
// a message of 4 MiB gave 8 MiB back, which held the loop for 0.6 ms. From the first object of this class on it returns the end
// only beyond kKeptBytes. The rest is looked at once a second, and done only
// while next to nothing goes on, in steps that hold the loop for some two milliseconds at most: in one go, 130 MB take 12.
// Thread: loop, which is the main thread (see FreePages); it has one of its own for malloc_trim().
// Source: mallopt(3), M_TRIM_THRESHOLD and M_MMAP_THRESHOLD; malloc_trim(3).
class IdleHeap {
 public:
  // Free memory that is worth it.
  static constexpr size_t kWorthBytes = 128 << 10;
  // Free memory at the end of the heap of a thread that free() leaves there, and the block from which on the system is asked for each of its own.
  // These are the bounds up to which glibc adjusts both by itself, by what is freed; an adjusting that ends when one of them is set.
  static constexpr int kKeptBytes = 64 << 20;
  static constexpr int kOwnBytes = 32 << 20;
  // More calls than this since the last look: the process is busy.
  static constexpr uint64_t kQuietCalls = 20;

  // `trim` frees a part of what is kept for calls to come, before the heap is given back; true while there is more.
  explicit IdleHeap(std::function<bool()> trim);
  // Waits for malloc_trim(), if that is under way.
  ~IdleHeap();
  IdleHeap(const IdleHeap&) = delete;
  IdleHeap& operator=(const IdleHeap&) = delete;

  // `calls_started`: how many there have been so far. Whether it is quiet: then Step() is to be called until it returns false. When
  // it is not, what is under way comes to an end soon.
  bool Look(uint64_t calls_started);
  // True while there is more to do.
  bool Step();

 private:
  enum class Stage { kRest, kTakePages, kGiveBackPages, kTrim, kJudge, kTrimHeap, kAwaitTrim, kGiveUp };

  Stage Next();
  Stage AfterTrim();
  Stage TrimHeap();
  Stage AwaitTrim();

  const std::function<bool()> trim_;
  Stage stage_ = Stage::kRest;
  // What is kept for calls to come has been freed, in this round.
  bool trimmed_ = false;
  FreePages pages_;
  // Runs malloc_trim(): the steps have seen nothing of the heaps of other threads, of which it may find much.
  std::thread trimmer_;
  std::atomic<bool> heap_trimmed_ = false;
  // Blocks that it is to free before.
  std::vector<void*> cached_;
  uint64_t calls_seen_ = 0;
  // Of the process, after the last time: what is resident, and what of it is not in use.
  size_t resident_ = 0;
  size_t slack_ = 0;
};

}  // namespace rota

#endif  // ROTA_RUNTIME_IDLE_HEAP_H_
