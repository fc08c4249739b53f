#ifndef ROTA_TRANSPORT_NATIVE_CALL_POOL_H_
#define ROTA_TRANSPORT_NATIVE_CALL_POOL_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "framework/base/ref.h"
#include "framework/transport/native/native_call.h"

namespace rota::native {

// Calls that are over, with the memory of their strings and queues, for the next ones.
// Thread: loop.
// Owner:  the server and the calls that are in use, which may outlive it.
// Bound:  kKeep calls wait here, until Trim(); the rest is freed.
class CallPool final : public RefCounted {
 public:
  static constexpr size_t kKeep = 1024;

  Ref<NativeCall> Take();
  // From the end of `call`.
  void Put(NativeCall* call);
  // Frees those that wait, at most `most` of them; true while there are more.
  bool Trim(size_t most = SIZE_MAX);

 private:
  ~CallPool() override;

  std::vector<NativeCall*> free_;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_CALL_POOL_H_
