#include "framework/transport/native/call_pool.h"

#include <utility>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROTA_CALL_POOL_OFF 1
#endif
#endif

namespace rota::native {
namespace {

// Kept ones would hide from AddressSanitizer that they are used after their end.
#ifdef ROTA_CALL_POOL_OFF
constexpr size_t kKept = 0;
#else
constexpr size_t kKept = CallPool::kKeep;
#endif

}  // namespace

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
  if (free_.size() < kKept) return free_.push_back(call);
  call->~NativeCall();
  ::operator delete(call);
}

CallPool::~CallPool() { Trim(); }

void CallPool::Trim() {
  for (NativeCall* const call : std::exchange(free_, {})) {
    call->~NativeCall();
    ::operator delete(call);
  }
}

NativeCall::NativeCall() = default;
NativeCall::~NativeCall() = default;

void NativeCall::operator delete(NativeCall* call, std::destroying_delete_t) {
  const Ref<CallPool> pool = std::move(call->pool_);
  pool->Put(call);
}

}  // namespace rota::native
