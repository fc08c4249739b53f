#ifndef ROTA_LOOP_INBOX_H_
#define ROTA_LOOP_INBOX_H_

#include <atomic>
#include <cstddef>
#include <mutex>
#include <utility>

#include "framework/base/brief_mutex.h"
#include "framework/base/cache.h"
#include "framework/loop/posted_batch.h"

namespace rota {

// The one door into the loop: callbacks from other threads, taken by the loop in batches. A loop that is awake looks here by
// itself, so only one that sleeps needs a system call.
// Thread: Add() and empty() from any thread; everything else on the loop thread. Callbacks are run and destroyed on the loop,
//         with no lock held.
// Owner:  EventLoop, which touches its own fields for each callback: none of them lies in the lines of the cache that who adds needs.
// Bound:  none of its own; each sender bounds what it has outstanding (jobs, calls).
class alignas(kCacheIsland) Inbox {
 public:
  // Makes the callback of `callable` in its place; `callable` is moved, and must not throw. True when the loop sleeps: the caller has
  // to wake it, and is the only one that was told.
  template <typename F>
  bool Add(F&& callable) {
    const std::lock_guard<std::mutex> lock(mutex_);
    incoming_.Add(std::forward<F>(callable));
    // While there is something, the loop does not begin to sleep, and who has brought the first of it wakes it.
    if (incoming_.size() > 1) {
      size_.store(incoming_.size(), std::memory_order_relaxed);
      return false;
    }
    size_ = 1;
    return asleep_ && asleep_.exchange(false);
  }
  // The loop is about to sleep. False when something waits: it must not. One that something else has woken still counts as
  // asleep until Take() or Add(): the worst that comes of it is one call to wake it that is not needed.
  bool BeginSleep() {
    // Each side writes its flag before it reads the other's, so that not both miss the other.
    asleep_ = true;
    if (size_ > 0) asleep_ = false;
    return asleep_;
  }
  // Moves everything that waits into `batch`, which must be empty; its memory goes to the next callbacks.
  void Take(PostedBatch& batch) {
    const std::lock_guard<std::mutex> lock(mutex_);
    batch.SwapInto(incoming_);
    asleep_.store(false, std::memory_order_relaxed);
    size_.store(0, std::memory_order_relaxed);
  }
  // Of what waits; a callback that is being added may be missed (BeginSleep() does not miss it). A look takes the lock's line of
  // the cache from who adds: not to be taken again and again while something waits.
  size_t size() const { return size_.load(std::memory_order_relaxed); }
  bool empty() const { return size() == 0; }

 private:
  // Of incoming_, for a look without the lock.
  std::atomic<size_t> size_ = 0;
  std::atomic<bool> asleep_ = false;

  BriefMutex mutex_;
  // Guarded by mutex_.
  PostedBatch incoming_;
};

}  // namespace rota

#endif  // ROTA_LOOP_INBOX_H_
