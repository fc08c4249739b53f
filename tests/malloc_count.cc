#include "tests/malloc_count.h"

#include <cerrno>
#include <cstddef>
#include <cstdlib>

namespace {

constinit thread_local uint64_t calls = 0;

}  // namespace

namespace rota {

uint64_t MallocCount() { return calls; }

}  // namespace rota

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ROTA_FOREIGN_HEAP 1
#endif
#endif

#ifndef ROTA_FOREIGN_HEAP
// Source: "Replacing malloc" in the manual of glibc, by which free() may stay the one of glibc only because these hand on to it.
extern "C" {

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* block, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  ++calls;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  ++calls;
  return __libc_calloc(count, size);
}
void* realloc(void* block, size_t size) {
  ++calls;
  return __libc_realloc(block, size);
}
void* memalign(size_t alignment, size_t size) {
  ++calls;
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  ++calls;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** block, size_t alignment, size_t size) {
  ++calls;
  *block = __libc_memalign(alignment, size);
  return *block != nullptr ? 0 : ENOMEM;
}

}  // extern "C"
#endif
