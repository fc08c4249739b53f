#include "framework/transport/native/call_pool.h"

#include <utility>

#include "framework/base/pools.h"

namespace rota::native {

Ref<NativeCall> CallPool::Take() {
  NativeCall* call = nullptr;
  if (free_.empty()) {
    call = ::new NativeCall();
  } else {
    call = free_.back();
    free_.pop_back();
  }
  call->pool_ = Ref<CallPool>(this);
  return Ref<NativeCall>(call);
}

void CallPool::Put(NativeCall* call) {
  call->Clear();
  if (kPoolsKeep && free_.size() < kKeep) return free_.push_back(call);
  call->~NativeCall();
  ::operator delete(call);
}

CallPool::~CallPool() { Trim(); }

bool CallPool::Trim(size_t most) {
  for (; most > 0 && !free_.empty(); --most) {
    NativeCall* const call = free_.back();
    free_.pop_back();
    call->~NativeCall();
    ::operator delete(call);
  }
  if (free_.empty()) free_.shrink_to_fit();
  return !free_.empty();
}

NativeCall::NativeCall() = default;
NativeCall::~NativeCall() = default;

void NativeCall::operator delete(NativeCall* call, std::destroying_delete_t) {
  const Ref<CallPool> pool = std::move(call->pool_);
  pool->Put(call);
}

}  // namespace rota::native
