#ifndef ROTA_TRANSPORT_NATIVE_CALL_SLOT_H_
#define ROTA_TRANSPORT_NATIVE_CALL_SLOT_H_

#include <cstddef>
#include <utility>

#include "framework/base/block_pool.h"
#include "framework/base/ref.h"

namespace rota::native {

// How many calls of a server or a connection are open or have a handler that runs.
// Thread: loop.
// Owner:  the server or the connection, and the slots, which may outlive it.
class CallCount final : public RefCounted {
 public:
  size_t count() const { return count_; }

 private:
  friend class CallSlot;

  size_t count_ = 0;
};

// The place of one call in the counts, whoever refers to it: the call while its stream is open, and its handler.
// Thread: loop.
class CallSlot final : public RefCounted, public Pooled {
 public:
  CallSlot(Ref<CallCount> server, Ref<CallCount> connection) : server_(std::move(server)), connection_(std::move(connection)) {
    ++server_->count_;
    ++connection_->count_;
  }

 private:
  ~CallSlot() override {
    --server_->count_;
    --connection_->count_;
  }

  const Ref<CallCount> server_;
  const Ref<CallCount> connection_;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_CALL_SLOT_H_
