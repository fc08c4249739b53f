#include "framework/rpc/writer.h"

#include <utility>

#include "framework/base/status_or.h"
#include "framework/rpc/codec.h"

namespace rota {

bool WriteAwaiter::Ready() {
  StatusOr<Payload> encoded = Encode(stream_.method(), message_);
  if (!encoded.ok()) {
    error_ = std::move(encoded).status();
    return false;
  }
  return stream_.Write(*std::move(encoded));
}

Status WriteAwaiter::Start() {
  if (!error_.ok()) return std::move(error_);
  stream_.WaitToWrite(*this);
  return OkStatus();
}

void WriteAwaiter::Abandon(const Status& status) {
  stream_.StopWriting(*this);
  Complete(status);
}

}  // namespace rota
