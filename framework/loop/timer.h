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

}  // namespace rota

#endif  // ROTA_LOOP_TIMER_H_
