#ifndef ROTA_ACTOR_BOUNDED_QUEUE_H_
#define ROTA_ACTOR_BOUNDED_QUEUE_H_

#include <cstddef>
#include <utility>

#include "framework/actor/waiter.h"
#include "framework/base/check.h"
#include "framework/base/ring_queue.h"
#include "framework/base/status.h"
#include "framework/loop/event_loop.h"

namespace rota {

// Values that pass from whoever produces them to one coroutine, such as events to the handler that streams them out. It
// never makes the producer wait: what to do about a consumer that is too slow is the producer's decision.
// Thread: loop.
// Owner:  the coroutine that pops, usually on its frame.
// Order:  FIFO.
template <typename T>
class BoundedQueue {
 public:
  class [[nodiscard]] PopAwaiter final : public Waiter {
   public:
    explicit PopAwaiter(BoundedQueue& queue) : Waiter(queue.loop_), queue_(queue) {}
    ~PopAwaiter() override { Forget(); }

    T await_resume() { return queue_.values_.Pop(); }

   private:
    friend class BoundedQueue;
    bool Ready() override { return !queue_.values_.empty(); }
    Status Start() override {
      ROTA_CHECK(queue_.waiting_ == nullptr, "a BoundedQueue has one consumer");
      queue_.waiting_ = this;
      return OkStatus();
    }
    void Abandon(const Status& status) override {
      Forget();
      Complete(status);
    }
    void Wake() { Complete(); }
    void Forget() {
      if (queue_.waiting_ == this) queue_.waiting_ = nullptr;
    }

    BoundedQueue& queue_;
  };

  BoundedQueue(EventLoop& loop, size_t capacity) : loop_(loop), capacity_(capacity) {}
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  size_t size() const { return values_.size(); }
  size_t capacity() const { return capacity_; }

  // False, and `value` is dropped, when the queue is full.
  [[nodiscard]] bool Push(T value) {
    if (values_.size() >= capacity_) return false;
    values_.Push(std::move(value));
    if (waiting_ != nullptr) std::exchange(waiting_, nullptr)->Wake();
    return true;
  }

  // `T value = co_await queue.Pop()` waits for the oldest value. One coroutine at a time.
  PopAwaiter Pop() { return PopAwaiter(*this); }

 private:
  // Constant after construction.
  EventLoop& loop_;
  const size_t capacity_;

  RingQueue<T> values_;
  PopAwaiter* waiting_ = nullptr;
};

}  // namespace rota

#endif  // ROTA_ACTOR_BOUNDED_QUEUE_H_
