#include "framework/runtime/idle_heap.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

namespace rota {
namespace {

// 0 where it cannot be told.
size_t ResidentBytes() {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/proc/self/statm", "re"), &std::fclose);
  size_t total = 0, resident = 0;
  if (file == nullptr || std::fscanf(file.get(), "%zu %zu", &total, &resident) != 2) return 0;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// Resident, but not in use by anybody: free memory of the heap, and what does not belong to the heap, which hardly changes.
size_t SlackBytes() {
  const struct mallinfo2 heap = mallinfo2();
  const size_t used = heap.uordblks + heap.hblkhd, resident = ResidentBytes();
  return resident > used ? resident - used : 0;
}

// The blocks that glibc keeps for the next allocations of this thread, up to 7 of each of 64 sizes, which it counts as in use. After a
// rush they lie all over the heap, and each keeps a page or two of it, some 250 KiB after 5,000 connections. It gives them back when a thread
// ends; so they are freed by one that does.
// Source: tcache in malloc/malloc.c of glibc 2.36.
std::vector<void*> TakeCached() {
  constexpr size_t kShortest = 24, kStep = 16, kSizes = 64, kOfEach = 7;
  std::vector<void*> cached;
  cached.reserve(kSizes * kOfEach);
  for (size_t size = 0; size < kSizes; ++size) {
    for (size_t i = 0; i < kOfEach; ++i) cached.push_back(std::malloc(kShortest + size * kStep));
  }
  return cached;
}

void FreeAll(const std::vector<void*>& blocks) {
  for (void* const block : blocks) std::free(block);
}

void FreeByAThreadThatEnds(const std::vector<void*>& blocks) {
  try {
    std::thread(FreeAll, std::cref(blocks)).join();
  } catch (const std::system_error&) {
    FreeAll(blocks);
  }
}

}  // namespace

IdleHeap::IdleHeap(std::function<bool()> trim) : trim_(std::move(trim)) {
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
  mallopt(M_MMAP_THRESHOLD, kOwnBytes);
}

IdleHeap::~IdleHeap() {
  if (trimmer_.joinable()) trimmer_.join();
}

bool IdleHeap::Look(uint64_t calls_started) {
  const bool quiet = calls_started - std::exchange(calls_seen_, calls_started) <= kQuietCalls;
  if (!quiet && stage_ != Stage::kRest && stage_ != Stage::kAwaitTrim) stage_ = Stage::kGiveUp;
  if (!quiet || stage_ != Stage::kRest) return false;
  trimmed_ = false;
  // After a rush first of all, because the end of the heap may be held by a block that `trim` frees: then free() would give back
  // all that lies before it, if that is more than kKeptBytes.
  stage_ = ResidentBytes() >= resident_ + FreePages::kStepBytes ? Stage::kTakePages : Stage::kTrim;
  return true;
}

bool IdleHeap::Step() {
  stage_ = Next();
  if (stage_ == Stage::kRest) resident_ = ResidentBytes();
  return stage_ != Stage::kRest;
}

IdleHeap::Stage IdleHeap::Next() {
  switch (stage_) {
    case Stage::kTrim: return trim_() ? Stage::kTrim : Stage::kJudge;
    case Stage::kJudge: return AfterTrim();
    case Stage::kTakePages: return pages_.TakeSome() ? Stage::kTakePages : Stage::kGiveBackPages;
    case Stage::kGiveBackPages:
      if (pages_.GiveBackSome()) return Stage::kGiveBackPages;
      return trimmed_ ? Stage::kTrimHeap : Stage::kTrim;
    case Stage::kTrimHeap: return TrimHeap();
    case Stage::kAwaitTrim: return AwaitTrim();
    case Stage::kGiveUp: return pages_.GiveBackSome() ? Stage::kGiveUp : Stage::kRest;
    case Stage::kRest: break;
  }
  return Stage::kRest;
}

IdleHeap::Stage IdleHeap::TrimHeap() {
  heap_trimmed_ = false;
  cached_ = TakeCached();
  try {
    trimmer_ = std::thread([this] {
      FreeByAThreadThatEnds(cached_);
      malloc_trim(0);
      heap_trimmed_ = true;
    });
  } catch (const std::system_error&) {
    // No thread is to be had. The next quiet second will do.
    FreeAll(std::exchange(cached_, {}));
    return Stage::kRest;
  }
  return Stage::kAwaitTrim;
}

IdleHeap::Stage IdleHeap::AwaitTrim() {
  if (!heap_trimmed_) return Stage::kAwaitTrim;
  trimmer_.join();
  cached_ = {};
  slack_ = SlackBytes();
  return Stage::kRest;
}

IdleHeap::Stage IdleHeap::AfterTrim() {
  trimmed_ = true;
  // Not by the size of the process: what a burst took may be freed long after it has stopped growing.
  const size_t slack = SlackBytes();
  slack_ = std::min(slack_, slack);
  if (slack < slack_ + kWorthBytes) return Stage::kRest;
  return slack < slack_ + FreePages::kStepBytes ? Stage::kTrimHeap : Stage::kTakePages;
}

}  // namespace rota
