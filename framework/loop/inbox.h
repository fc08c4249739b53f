#ifndef ROTA_LOOP_INBOX_H_
#define ROTA_LOOP_INBOX_H_

#include <mutex>
#include <vector>

#include "framework/base/callback.h"

namespace rota {

// The one door into the loop: callbacks from other threads, taken by the loop in batches.
// Thread: Add() from any thread; Take() on the loop thread. Callbacks are run and destroyed on the loop, with no lock held.
// Owner:  EventLoop.
// Bound:  none of its own; each sender bounds what it has outstanding (jobs, calls).
class Inbox {
 public:
  // True for the first callback of a batch: the caller has to wake the loop then.
  bool Add(Callback callback) {
    const std::lock_guard lock(mutex_);
    incoming_.push_back(std::move(callback));
    return incoming_.size() == 1;
  }
  // Moves everything that waits into `batch`, which must be empty; the two vectors change places, so neither allocates
  // once it has reached its size.
  void Take(std::vector<Callback>& batch) {
    const std::lock_guard lock(mutex_);
    batch.swap(incoming_);
  }
  bool empty() const {
    const std::lock_guard lock(mutex_);
    return incoming_.empty();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Callback> incoming_;  // Guarded by mutex_.
};

}  // namespace rota

#endif  // ROTA_LOOP_INBOX_H_
