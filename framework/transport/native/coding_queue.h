#ifndef ROTA_TRANSPORT_NATIVE_CODING_QUEUE_H_
#define ROTA_TRANSPORT_NATIVE_CODING_QUEUE_H_

#include <unordered_map>
#include <utility>

#include "framework/base/ref.h"
#include "framework/base/ring_queue.h"

namespace rota::native {

// The calls that have a message to be unpacked or packed and cannot have it done at once. One message of all is worked on until it is
// done, so that no more than one is in memory half unpacked, however many come; then another connection has its turn, so that none that
// sends many keeps one that sends a few waiting for all of them.
// Thread: loop.
// Owner:  the server. `C` is NativeCall, and another one in a test: bool CodeSome() does a step, and returns whether that was all.
// Bound:  one for each call that is open, and for those that have ended since and whose turn has not come: a turn of these is over at
//         once, and they keep no message.
template <typename C>
class CodingQueue {
 public:
  bool empty() const { return now_ == nullptr && turns_.empty(); }

  // `connection` stands for what the call came over; it is not looked at.
  void Add(Ref<C> call, const void* connection) {
    RingQueue<Ref<C>>& calls = calls_[connection];
    if (calls.empty()) turns_.Push(connection);
    calls.Push(std::move(call));
  }
  // Must not be called when it is empty.
  void Step() {
    if (now_ == nullptr) now_ = Next();
    if (now_->CodeSome()) now_ = nullptr;
  }

 private:
  Ref<C> Next() {
    const void* const connection = turns_.Pop();
    const auto found = calls_.find(connection);
    Ref<C> call = found->second.Pop();
    if (found->second.empty()) {
      calls_.erase(found);
    } else {
      turns_.Push(connection);
    }
    return call;
  }

  Ref<C> now_;
  // Connections that have calls here.
  RingQueue<const void*> turns_;
  std::unordered_map<const void*, RingQueue<Ref<C>>> calls_;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_CODING_QUEUE_H_
