#ifndef ROTA_RPC_READER_H_
#define ROTA_RPC_READER_H_

#include <optional>
#include <utility>

#include "framework/actor/waiter.h"
#include "framework/base/status.h"
#include "framework/rpc/codec.h"
#include "framework/rpc/message_stream.h"

namespace rota {

// The wait for the next message; see Reader::Next().
template <typename T>
class [[nodiscard]] NextAwaiter final : public Waiter, private MessageStream::Listener {
 public:
  NextAwaiter(MessageStream& stream, std::optional<T>& first) : Waiter(stream.context().loop()), stream_(stream), first_(first) {}
  ~NextAwaiter() override { stream_.StopReading(*this); }

  std::optional<T> await_resume() { return std::move(message_); }

 private:
  bool Ready() override {
    if (first_) {
      message_ = std::exchange(first_, std::nullopt);
      return true;
    }
    if (!stream_.readable()) return false;
    error_ = Take();
    return error_.ok();
  }
  Status Start() override {
    if (!error_.ok()) return std::move(error_);
    stream_.WaitToRead(*this);
    return OkStatus();
  }
  void Abandon(const Status& status) override {
    stream_.StopReading(*this);
    Complete(status);
  }
  void OnReady() override { Complete(Take()); }
  Status Take() {
    if (stream_.at_end()) return OkStatus();
    return Decode(stream_.method(), stream_.Take(), message_.emplace());
  }

  MessageStream& stream_;
  std::optional<T>& first_;
  std::optional<T> message_;
  Status error_;
};

// The messages that the peer sends in one call.
// Thread: loop.
// Owner:  the call. A handler uses it until it ends and keeps no reference.
template <typename T>
class Reader {
 public:
  // `first` was taken from the stream before.
  explicit Reader(MessageStream& stream, std::optional<T> first = std::nullopt) : stream_(stream), first_(std::move(first)) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // `std::optional<T> message = co_await in.Next()` gives the next message, in the order in which they were sent, or
  // nothing once the peer has sent its last one. Fails as Decode() does when it is malformed, INTERNAL, which uses it up.
  NextAwaiter<T> Next() { return NextAwaiter<T>(stream_, first_); }

 private:
  MessageStream& stream_;
  std::optional<T> first_;
};

}  // namespace rota

#endif  // ROTA_RPC_READER_H_
