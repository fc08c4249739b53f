#ifndef ROTA_ACTOR_FRAME_POOL_H_
#define ROTA_ACTOR_FRAME_POOL_H_

#include <array>
#include <cstddef>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROTA_FRAME_POOL_OFF 1
#endif
#endif

namespace rota::internal {

// Memory for the frames of coroutines: free lists by size, so that a request whose frames have the usual sizes costs no
// allocation. Off under AddressSanitizer, which could not see a frame that is used after its end.
// Thread: one pool for each thread; a frame is freed on the thread that made it.
// Bound:  kKeep frames of each size are kept; larger frames than kLargest come from the heap.
class FramePool {
 public:
  static constexpr size_t kGrain = 64;
  static constexpr size_t kLargest = 2048;
  static constexpr size_t kKeep = 1024;

  ~FramePool() {
    for (List& list : lists_) {
      while (list.head != nullptr) ::operator delete(list.Pop());
    }
  }

  static void* Allocate(size_t size) {
#ifndef ROTA_FRAME_POOL_OFF
    if (size <= kLargest) {
      List& list = ForThread().lists_[Index(size)];
      if (list.head != nullptr) return list.Pop();
      return ::operator new((Index(size) + 1) * kGrain);
    }
#endif
    return ::operator new(size);
  }
  static void Free(void* frame, size_t size) {
#ifndef ROTA_FRAME_POOL_OFF
    if (size <= kLargest) {
      List& list = ForThread().lists_[Index(size)];
      if (list.length < kKeep) return list.Push(frame);
    }
#else
    static_cast<void>(size);
#endif
    ::operator delete(frame);
  }

 private:
  struct Link {
    Link* next;
  };
  struct List {
    void Push(void* frame) {
      head = ::new (frame) Link{head};
      ++length;
    }
    void* Pop() {
      Link* const frame = head;
      head = frame->next;
      --length;
      return frame;
    }
    Link* head = nullptr;
    size_t length = 0;
  };

  static constexpr size_t Index(size_t size) { return (size - 1) / kGrain; }
  static FramePool& ForThread() {
    static thread_local FramePool pool;
    return pool;
  }

  std::array<List, kLargest / kGrain> lists_{};
};

}  // namespace rota::internal

#endif  // ROTA_ACTOR_FRAME_POOL_H_
