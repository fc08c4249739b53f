#ifndef ROTA_LOOP_TIMER_NODE_H_
#define ROTA_LOOP_TIMER_NODE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <utility>

#include "framework/base/callback.h"
#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/base/ring.h"
#include "framework/base/slab_pool.h"
#include "framework/loop/context_slot.h"

namespace rota {

class TimerNode;

// What lists of timers are ordered by: when the first timer is due as far as known, then age.
struct TimerKey {
  TimePoint expiry = kNoDeadline;
  uint64_t id = 0;
  bool operator<(const TimerKey& other) const { return expiry != other.expiry ? expiry < other.expiry : id < other.id; }
  bool operator==(const TimerKey& other) const { return expiry == other.expiry && id == other.id; }
};

// The armed timers of one delay, oldest first. Half a line of the cache: with many delays in use, looking at a list is what
// arming or clearing a timer costs.
class alignas(32) TimerList {
 public:
  TimerList() = default;
  TimerList(const TimerList&) = delete;
  TimerList& operator=(const TimerList&) = delete;

  // Between its first timer and its end.
  bool in_use() const { return key.id != 0; }
  bool empty() const { return timers_.empty(); }
  TimerNode& front() const { return timers_.front(); }
  // visit(const TimerNode&), oldest first.
  template <typename Visit>
  void ForEach(Visit visit) const {
    timers_.ForEach(visit);
  }
  // `node` is in no list. The list has no reference of its own: the queue counts one for an armed timer, wherever it is.
  void PushBack(TimerNode& node);
  // `node` is in this list. One that becomes empty by this stays in use.
  void Remove(TimerNode& node);

  // A list that has ended keeps the expiry while it lies in the heap.
  TimerKey key;

 private:
  Ring<TimerNode> timers_;
};

// One timeout or interval. The queue holds a reference while it is armed, its handles hold the others. Two lines of the
// cache, of the pool of the queue that made it.
// Thread: loop.
class TimerNode final : public RingLink, public CountedAs<TimerNode> {
 public:
  static void operator delete(void* memory) { SlabPool::GiveBack(memory); }
  TimePoint due() const { return start + std::chrono::milliseconds(delay_ms); }

  // The first line of the cache: all that it takes to arm and to clear.

  // Constant after construction. First: it fills a gap behind the count of references.
  const int32_t delay_ms;
  // Kept by TimerQueue.
  TimerList* list = nullptr;  // Null while not armed.
  TimePoint start{};
  // Its age among all timers and lists.
  uint64_t id = 0;
  // Who armed it, for the list of refs. Constant after construction.
  const std::source_location where;
  const bool repeats;
  // Kept by TimerQueue.
  bool has_ref = true;
  // Armed, or running: the time in which a ref'd timer keeps the loop alive.
  bool active = false;
  bool running = false;
  // The callback will not run any more.
  bool silenced = false;
  // Cannot be armed again.
  bool cleared = false;

  // The second line.

  Callback callback;
  Ref<ContextBase> context;

 private:
  friend class TimerQueue;
  template <typename F>
  TimerNode(F&& callable, Ref<ContextBase> context, int64_t delay_ms, bool repeats, const std::source_location& where)
      : delay_ms(static_cast<int32_t>(delay_ms)),
        where(where),
        repeats(repeats),
        callback(std::forward<F>(callable)),
        context(std::move(context)) {}
  static void* operator new(size_t, SlabPool& pool) { return pool.Take(); }
};

inline void TimerList::PushBack(TimerNode& node) {
  node.list = this;
  timers_.PushBack(node);
}

inline void TimerList::Remove(TimerNode& node) {
  timers_.Remove(node);
  node.list = nullptr;
}

}  // namespace rota

#endif  // ROTA_LOOP_TIMER_NODE_H_
