#ifndef ROTA_LOOP_YOUNG_TIMERS_H_
#define ROTA_LOOP_YOUNG_TIMERS_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "framework/base/clock.h"
#include "framework/loop/timer_node.h"

namespace rota {

// The timers of a queue that wait outside of the lists of their delays: one list of them all, in the order in which they were
// armed. One byte for each delay says how many of them have it and what there is of its list, so that arming and clearing a
// timer that does not fire touches a table that stays in the cache, and no list.
// A list has the key of the timer that began it until its first timer is looked at, also when the one that began it has gone meanwhile and left others,
// or was refreshed. Such keys are noted in the order in which they were left, and looked through when the timers join their lists.
// Thread: loop.
// Owner:  TimerQueue.
class YoungTimers {
 public:
  // They join their lists all at once, in the middle of a callback or a phase, which takes some 2 ms for so many: so not any number of
  // them, and of one delay only so many as its byte can count.
  static constexpr size_t kMost = 16'384;
  static constexpr uint8_t kMostOfADelay = 0x3f;

  // With `any` it takes timers of 100 ms to about a minute, else none: shorter ones are mostly there to fire, longer ones are rare.
  explicit YoungTimers(bool any) : known_(any ? kEndMs - kFromMs : 0), delays_(known_) {}

  // Whether a timer of this delay can be one of these.
  bool Knows(int32_t delay_ms) const { return Index(delay_ms) < known_; }
  // Whether it may be one now: not while its list is in use, in which all of them are then.
  bool Takes(int32_t delay_ms) const { return Knows(delay_ms) && delays_[Index(delay_ms)] != kListInUse; }
  // Whether Add() may be called. If not although this takes the delay, there are too many: they must join their lists first.
  bool HasRoomFor(int32_t delay_ms) const {
    return Knows(delay_ms) && (delays_[Index(delay_ms)] & ~kKeyNoted) < kMostOfADelay && count_ < kMost;
  }
  bool empty() const { return count_ == 0; }
  // A moment before which none of their lists expires; kNoDeadline when there is none of them.
  TimePoint wake() const { return wake_; }
  bool Has(const TimerNode& node) const { return node.list == &timers_; }
  // In the order in which they were armed.
  const TimerList& timers() const { return timers_; }
  // Of keys, with those that count no more.
  size_t room_for_keys() const { return keys_.size(); }

  // `node` is nowhere, and there is room for its delay. It begins the list of its delay when there is none.
  void Add(TimerNode& node) {
    uint8_t& delay = delays_[Index(node.delay_ms)];
    node.begins_list = delay == 0;
    ++delay;
    ++count_;
    wake_ = std::min(wake_, node.due());
    timers_.PushBack(node);
  }
  // `node` is one of these. A list that it has begun goes on for others of its delay, and ends without. There are no branches
  // for what deadlines do, because with many delays in use it is a matter of chance which of them is alone of its own.
  [[gnu::always_inline]] void Remove(TimerNode& node) {
    timers_.Remove(node);
    if (--count_ == 0) wake_ = kNoDeadline;
    uint8_t delay = delays_[Index(node.delay_ms)] - 1;
    const bool leaves_key = node.begins_list && delay != 0;
    *next_key_ = Key(node);
    next_key_ += leaves_key;
    delay |= leaves_key ? kKeyNoted : 0;
    delays_[Index(node.delay_ms)] = delay == kKeyNoted ? 0 : delay;
    if (next_key_ == keys_end_) [[unlikely]] MakeRoomForKeys();
  }
  // `node` is one of these and becomes the last, as if armed at `start`. Its list stays what it is.
  // Its list's expiry, which is not before wake(), stays as well.
  void Refresh(TimerNode& node, TimePoint start) {
    if (node.begins_list) {
      node.begins_list = false;
      *next_key_++ = Key(node);
      delays_[Index(node.delay_ms)] |= kKeyNoted;
      if (next_key_ == keys_end_) MakeRoomForKeys();
    }
    timers_.Remove(node);
    node.start = start;
    timers_.PushBack(node);
  }
  // None of these has this delay any more, or all of them are being taken out.
  void SetListInUse(int32_t delay_ms, bool in_use) {
    if (Knows(delay_ms)) delays_[Index(delay_ms)] = in_use ? kListInUse : 0;
  }

  // Takes all of them out: calls begin_list(delay_ms, key) for each list that has a key of a timer that has gone, and then
  // join(node) for each of these in their order, which puts it into its list. Both must call SetListInUse().
  template <typename BeginList, typename Join>
  void TakeAll(BeginList begin_list, Join join) {
    TakeKeys(begin_list);
    while (!timers_.empty()) {
      TimerNode& node = timers_.front();
      timers_.Remove(node);
      join(node);
    }
    count_ = 0;
    wake_ = kNoDeadline;
  }

 private:
  struct Key {
    explicit Key(const TimerNode& node) : start(node.start), id(node.id), delay_ms(node.delay_ms) {}
    Key() = default;
    TimePoint start;
    uint64_t id;
    int32_t delay_ms;
  };
  static constexpr int32_t kFromMs = 100;
  static constexpr int32_t kEndMs = 65'536;
  // The byte of a delay. 0: there is nothing of it. 1 to 63: so many of these, one of which begins the list. The same and kKeyNoted: so
  // many, and the key of the list is in `keys_`. kListInUse: none of these.
  static constexpr uint8_t kListInUse = 0x80;
  static constexpr uint8_t kKeyNoted = 0x40;
  static_assert((kMostOfADelay & (kKeyNoted | kListInUse)) == 0);

  static uint32_t Index(int32_t delay_ms) { return static_cast<uint32_t>(delay_ms - kFromMs); }
  // take(delay_ms, key) for each key that counts. It must call SetListInUse(), so that older keys of that delay are passed over.
  template <typename Take>
  void TakeKeys(Take take) {
    // The newest of a delay: older ones are of lists that have ended.
    while (next_key_ != keys_.data()) {
      const Key& key = *--next_key_;
      if ((delays_[Index(key.delay_ms)] & kKeyNoted) == 0) continue;
      take(key.delay_ms, TimerKey{key.start + std::chrono::milliseconds(key.delay_ms), key.id});
    }
  }
  // Drops the keys that do not count any more.
  void MakeRoomForKeys();

  const uint32_t known_;
  TimerList timers_;
  size_t count_ = 0;
  TimePoint wake_ = kNoDeadline;
  std::vector<uint8_t> delays_;
  // Those before `next_key_`; there is always room for one more.
  std::vector<Key> keys_{16};
  Key* next_key_ = keys_.data();
  Key* keys_end_ = keys_.data() + keys_.size();
};

}  // namespace rota

#endif  // ROTA_LOOP_YOUNG_TIMERS_H_
