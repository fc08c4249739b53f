#ifndef ROTA_TRANSPORT_NATIVE_SESSION_MEMORY_H_
#define ROTA_TRANSPORT_NATIVE_SESSION_MEMORY_H_

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "framework/base/ref.h"

namespace rota::native {

// Memory for nghttp2, which takes about eight short blocks for a call: free lists by size, so that a call whose blocks have
// the usual sizes takes nothing from the heap, however many calls are open at once. Off under AddressSanitizer, which
// could not see a block that is used after its end.
// Thread: loop.
// Owner:  references: the server and its sessions. A session may outlive the server, in a wait of Asio that is dropped with
//         the loop.
// Bound:  kKeptBytes are kept in each list, until Trim(); blocks longer than kLongest come from the heap.
class SessionMemory final : public RefCounted {
 public:
  static constexpr size_t kGrain = 32;
  static constexpr size_t kLongest = 512;
  static constexpr size_t kKeptBytes = 256 << 10;

  SessionMemory();
  ~SessionMemory() override;
  SessionMemory(const SessionMemory&) = delete;
  SessionMemory& operator=(const SessionMemory&) = delete;

  // As nghttp2 wants it.
  nghttp2_mem* memory() { return &memory_; }

  void* Allocate(size_t size);
  void* Resize(void* block, size_t size);
  void Free(void* block);
  // Gives what is kept back to the heap.
  void Trim();

 private:
  // Before each block. Short, because header fields in the tables of many connections are: nghttp2 has nothing that asks for a
  // stricter alignment than this.
  struct alignas(uint64_t) Header {
    uint32_t size;   // that was asked for
    uint32_t index;  // of the list
  };
  struct Link {
    Link* next;
  };
  struct List {
    Link* head = nullptr;
    size_t length = 0;
  };
  static constexpr size_t kLists = kLongest / kGrain;

  static size_t IndexFor(size_t size) { return size == 0 ? 0 : (size - 1) / kGrain; }

  std::array<List, kLists> lists_{};
  nghttp2_mem memory_;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_SESSION_MEMORY_H_
