#ifndef ROTA_LOOP_TIMER_H_
#define ROTA_LOOP_TIMER_H_

#include <cstdint>

#include "framework/loop/timer_queue.h"

namespace rota {

class EventLoop;

// A timeout or an interval, as SetTimeout() and SetInterval() return it. Dropping it changes nothing: the timer runs.
// Thread: loop.
// Owner:  a value that shares the timer; it must not be used after the end of its loop.
class Timer {
 public:
  // No timer: everything below does nothing.
  Timer() = default;

  // The callback will not run (again). Destroys it.
  void Clear();
  // Starts the delay anew, also after the timer has fired; does nothing on a cleared one.
  void Refresh();
  // An unref'd timer runs if the loop is alive, but does not keep it alive.
  void SetRef(bool has_ref);
  // Stays as set after the timer has fired, as in Node.
  bool has_ref() const { return node_ && node_->has_ref; }
  bool is_armed() const { return node_ && node_->list != nullptr; }

 private:
  friend class EventLoop;
  Timer(EventLoop* loop, Ref<TimerNode> node) : loop_(loop), node_(std::move(node)) {}

  EventLoop* loop_ = nullptr;
  Ref<TimerNode> node_;
};

// A callback of the check phase, as SetImmediate() returns it. Dropping it changes nothing: the immediate runs.
// Thread: loop.
class Immediate {
 public:
  Immediate() = default;
  // The callback will not run. Destroys it; nothing happens when it has run.
  void Clear();
  // An unref'd immediate neither keeps the loop alive nor keeps poll from sleeping.
  void SetRef(bool has_ref);
  // False once it runs or is cleared.
  bool has_ref() const;

 private:
  friend class EventLoop;
  Immediate(EventLoop* loop, uint64_t position) : loop_(loop), position_(position) {}

  EventLoop* loop_ = nullptr;
  uint64_t position_ = 0;
};

}  // namespace rota

#endif  // ROTA_LOOP_TIMER_H_
