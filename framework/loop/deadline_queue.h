#ifndef ROTA_LOOP_DEADLINE_QUEUE_H_
#define ROTA_LOOP_DEADLINE_QUEUE_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "framework/base/clock.h"
#include "framework/base/ring.h"

namespace rota {

class DeadlineQueue;

// The moment at which something is to end that has not ended before, such as a call. Part of whoever waits: arming and clearing it
// takes no reference, reads no clock, and takes memory only where the queue grows.
// Nearly all deadlines are cleared, and peers choose their lengths. So they are no timers of Node's, which has none of this kind:
// they change nothing in the order of timers, leave nothing, and hold no ref.
// Thread: loop.
// Owner:  who waits. After the end of its loop it is not armed, and must not be.
class Deadline : public RingLink {
 public:
  explicit Deadline(DeadlineQueue& queue) : queue_(queue) {}

  // Calls OnDeadline() once, in a timers phase, at `due` or later, never earlier, without a context. Replaces what it was armed for; with
  // kNoDeadline it never comes.
  void Arm(TimePoint due);
  void Clear();
  bool is_armed() const { return place_ != kNowhere; }
  // kNoDeadline while it is not armed.
  TimePoint due() const { return is_armed() ? due_ : kNoDeadline; }

 protected:
  ~Deadline() { Clear(); }
  // May arm or destroy this.
  virtual void OnDeadline() = 0;

 private:
  friend class DeadlineQueue;
  // Where it is: a place in the heap, or one of these.
  static constexpr uint32_t kNowhere = UINT32_MAX;
  static constexpr uint32_t kYoung = UINT32_MAX - 1;
  static constexpr uint32_t kDue = UINT32_MAX - 2;

  DeadlineQueue& queue_;
  TimePoint due_{};
  // Its age, where others are due at the same time.
  uint64_t id_ = 0;
  uint32_t place_ = kNowhere;
};

// The deadlines of a loop. They run by their time and, where that is equal, by their age.
// Thread: loop.
// Owner:  EventLoop.
// Cost:   constant for one that was armed for more than 100 ms and is cleared soon: it is in a list of its like, young, from which all go into the
//         heap when the first of them may be due. As of most timers (T. Gleixner, "timers: Switch to a non-cascading wheel", Linux 4.8),
//         that is the lot of nearly all. Of the others, and when there are too many: the logarithm of their number, once.
class DeadlineQueue {
 public:
  DeadlineQueue() = default;
  ~DeadlineQueue();
  DeadlineQueue(const DeadlineQueue&) = delete;
  DeadlineQueue& operator=(const DeadlineQueue&) = delete;

  // When Run() must be called next; kNoDeadline when it need not. Perhaps nothing is due then.
  TimePoint next_wake() const { return std::min(young_wake_, heap_.empty() ? kNoDeadline : heap_.front()->due_); }
  bool empty() const { return young_count_ == 0 && heap_.empty() && due_.empty(); }

  // For the loop. Calls run(now - due, callable) for each that is due at `now`, in order; `callable` is to be called, and may throw.
  // Those that are armed meanwhile wait for the next call. Ends when `run` returns false: the loop is exiting.
  template <typename RunOne>
  void Run(TimePoint now, RunOne run) {
    Collect(now);
    while (!due_.empty()) {
      Deadline& deadline = due_.front();
      const Duration lateness = now - deadline.due_;
      due_.Remove(deadline);
      deadline.place_ = Deadline::kNowhere;
      if (!run(lateness, [&deadline] { deadline.OnDeadline(); })) return;
    }
  }

 private:
  friend class Deadline;
  // Those that are due so much later than the last Run() begin young, so that they go into the heap ten times a second at most.
  static constexpr Duration kSoon = std::chrono::milliseconds(100);
  // They go there all at once, in a timers phase: so not any number of them.
  static constexpr size_t kMostYoung = 16'384;

  static bool IsBefore(const Deadline& a, const Deadline& b) { return a.due_ != b.due_ ? a.due_ < b.due_ : a.id_ < b.id_; }

  void Add(Deadline& deadline) {
    deadline.id_ = next_id_++;
    if (deadline.due_ < young_from_ || young_count_ == kMostYoung) return Push(deadline);
    ++young_count_;
    young_wake_ = std::min(young_wake_, deadline.due_);
    deadline.place_ = Deadline::kYoung;
    young_.PushBack(deadline);
  }
  void Remove(Deadline& deadline) {
    if (deadline.place_ >= Deadline::kDue) {
      Ring<Deadline>::Remove(deadline);
      if (deadline.place_ == Deadline::kYoung && --young_count_ == 0) young_wake_ = kNoDeadline;
    } else {
      Take(deadline.place_);
    }
    deadline.place_ = Deadline::kNowhere;
  }
  // Puts those that are due into `due_`, in order.
  void Collect(TimePoint now);
  // Puts the young ones into the heap.
  void SettleYoung();

  // The heap.
  void Push(Deadline& deadline);
  void Take(size_t i);
  void SiftUp(size_t i);
  void SiftDown(size_t i);
  void Place(size_t i, Deadline& deadline) {
    heap_[i] = &deadline;
    deadline.place_ = static_cast<uint32_t>(i);
  }

  Ring<Deadline> young_;
  size_t young_count_ = 0;
  // None of the young ones is due before.
  TimePoint young_wake_ = kNoDeadline;
  TimePoint young_from_{};
  Ring<Deadline> due_;
  std::vector<Deadline*> heap_;
  uint64_t next_id_ = 1;
};

inline void Deadline::Arm(TimePoint due) {
  Clear();
  if (due == kNoDeadline) return;
  due_ = due;
  queue_.Add(*this);
}

inline void Deadline::Clear() {
  if (place_ != kNowhere) queue_.Remove(*this);
}

}  // namespace rota

#endif  // ROTA_LOOP_DEADLINE_QUEUE_H_
