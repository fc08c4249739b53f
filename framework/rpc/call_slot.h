#ifndef ROTA_RPC_CALL_SLOT_H_
#define ROTA_RPC_CALL_SLOT_H_

#include <cstddef>
#include <utility>

#include "framework/base/block_pool.h"
#include "framework/base/ref.h"

namespace rota {

// How many calls of a server or a connection are open or have a handler that runs.
// Thread: loop.
// Owner:  the server or the connection, and the slots, which may outlive it.
class CallCount : public RefCounted {
 public:
  size_t count() const { return count_; }

 private:
  friend class CallSlot;

  size_t count_ = 0;
};

// The place of one call in the counts, whoever refers to it: the call while its stream is open, and its handler. For HTTP/2 a call
// that was reset is over, so one connection that opens and resets calls without end (CVE-2023-44487) would start handlers without end.
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

}  // namespace rota

#endif  // ROTA_RPC_CALL_SLOT_H_
