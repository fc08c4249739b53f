#ifndef ROTA_TRANSPORT_CODING_CODING_TURN_H_
#define ROTA_TRANSPORT_CODING_CODING_TURN_H_

#include <cstddef>
#include <utility>

#include "framework/transport/coding/coding_queue.h"
#include "framework/transport/coding/compression.h"

namespace rota::coding {

// One message of a call that is unpacked (`Coding` is Unpacking) or packed (Packing) in turns with others. What comes of it goes to `done` of
// the call, which ends this.
// Thread: loop.
// Owner:  the call, which ends it as well when nobody wants the message any more. The message must stay.
template <typename Coding, typename Call, auto done>
class CodingTurn final : public CodingQueue::Entry {
 public:
  // The arguments are those of `Coding`.
  template <typename... Args>
  explicit CodingTurn(Call& call, Args&&... args) : call_(call), coding_(std::forward<Args>(args)...) {}

  bool CodeSome(size_t work) override {
    if (!coding_.Step(work)) return false;
    (call_.*done)(coding_.Take());
    return true;
  }

 private:
  Call& call_;
  Coding coding_;
};

}  // namespace rota::coding

#endif  // ROTA_TRANSPORT_CODING_CODING_TURN_H_
