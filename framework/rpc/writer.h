#ifndef ROTA_RPC_WRITER_H_
#define ROTA_RPC_WRITER_H_

#include "framework/actor/waiter.h"
#include "framework/base/status.h"
#include "framework/rpc/message_stream.h"
#include "google/protobuf/message_lite.h"

namespace rota {

// The wait for room; see Writer::Write().
class [[nodiscard]] WriteAwaiter final : public Waiter, private MessageStream::Listener {
 public:
  WriteAwaiter(MessageStream& stream, const google::protobuf::MessageLite& message)
      : Waiter(stream.context().loop()), stream_(stream), message_(message) {}
  ~WriteAwaiter() override { stream_.StopWriting(*this); }

  void await_resume() {}

 private:
  bool Ready() override;
  Status Start() override;
  void Abandon(const Status& status) override;
  void OnReady() override { Complete(); }

  MessageStream& stream_;
  const google::protobuf::MessageLite& message_;
  Status error_;
};

// The messages that a handler sends in one call.
// Thread: loop.
// Owner:  the call. A handler uses it until it ends and keeps no reference.
template <typename T>
class Writer {
 public:
  explicit Writer(MessageStream& stream) : stream_(stream) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // `co_await out.Write(message)` queues `message` at once and goes on when there is room for another one, so that a slow
  // peer slows the handler down. The first one sends the response headers along. It does not wait until the peer has it.
  // `message` must live until then, which a temporary does.
  WriteAwaiter Write(const T& message) { return WriteAwaiter(stream_, message); }

 private:
  MessageStream& stream_;
};

}  // namespace rota

#endif  // ROTA_RPC_WRITER_H_
