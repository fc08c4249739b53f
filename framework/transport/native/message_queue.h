#ifndef ROTA_TRANSPORT_NATIVE_MESSAGE_QUEUE_H_
#define ROTA_TRANSPORT_NATIVE_MESSAGE_QUEUE_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "framework/rpc/payload.h"

namespace rota::native {

// FIFO queue of the messages of one call. Unlike RingQueue it begins at the same place whenever it has been empty, so that a
// call of one message touches memory for one, and takes no more than the most it has held.
// Thread: one.
class MessageQueue {
 public:
  bool empty() const { return begin_ == messages_.size(); }
  size_t size() const { return messages_.size() - begin_; }

  void Push(Payload message) {
    // Taken from the front is at least half: moving the rest costs no more than taking that did.
    if (messages_.size() == messages_.capacity() && begin_ > 0 && begin_ >= messages_.size() / 2) {
      messages_.erase(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(begin_));
      begin_ = 0;
    }
    messages_.push_back(std::move(message));
  }
  // Neither may be called when it is empty.
  Payload& Front() { return messages_[begin_]; }
  Payload Pop() {
    Payload message = std::move(messages_[begin_++]);
    if (empty()) Clear();
    return message;
  }
  void Clear() {
    messages_.clear();
    begin_ = 0;
  }

 private:
  std::vector<Payload> messages_;
  size_t begin_ = 0;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_MESSAGE_QUEUE_H_
