#include "framework/runtime/idle_heap.h"

#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <utility>

namespace rota {
namespace {

// 0 where it cannot be told.
size_t ResidentBytes() {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/proc/self/statm", "re"), &std::fclose);
  size_t total = 0, resident = 0;
  if (file == nullptr || std::fscanf(file.get(), "%zu %zu", &total, &resident) != 2) return 0;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

bool IdleHeap::Look(uint64_t calls_started) {
  const bool quiet = calls_started - std::exchange(calls_seen_, calls_started) <= kQuietCalls;
  if (!quiet) return false;
  if (ResidentBytes() < resident_ + kWorthBytes || mallinfo2().fordblks < kWorthBytes) return false;
  malloc_trim(0);
  resident_ = ResidentBytes();
  return true;
}

}  // namespace rota
