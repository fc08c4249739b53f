#ifndef ROTA_TESTS_CONFORMANCE_NODEDIFF_GATES_H_
#define ROTA_TESTS_CONFORMANCE_NODEDIFF_GATES_H_

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace rota::nodediff {

// What a gate of a scenario waits at: as with the bytes of a pipe, each Open() lets one waiting thread through, or the next
// one that comes.
// Thread: Pass() on workers, everything else on the loop.
class Gates {
 public:
  void Pass() {
    std::unique_lock lock(mutex_);
    if (permits_ > 0) {
      --permits_;
      return;
    }
    ++blocked_;
    const size_t ticket = next_ticket_++;
    opened_.wait(lock, [&] { return ticket < let_through_; });
  }
  void Open() {
    {
      const std::lock_guard lock(mutex_);
      if (blocked_ > 0) {
        // Counted here, so that nobody takes the thread for a blocked one any more.
        --blocked_;
        ++let_through_;
      } else {
        ++permits_;
      }
    }
    opened_.notify_all();
  }
  // Threads that stay where they are until Open().
  size_t blocked() const {
    const std::lock_guard lock(mutex_);
    return blocked_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable opened_;
  size_t permits_ = 0;
  size_t blocked_ = 0;
  size_t next_ticket_ = 0;
  size_t let_through_ = 0;
};

}  // namespace rota::nodediff

#endif  // ROTA_TESTS_CONFORMANCE_NODEDIFF_GATES_H_
