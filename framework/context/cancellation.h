#ifndef ROTA_CONTEXT_CANCELLATION_H_
#define ROTA_CONTEXT_CANCELLATION_H_

#include "framework/base/ring.h"
#include "framework/base/status.h"

namespace rota {

// Something that waits on behalf of a request and has to know when the request is cancelled. Unlinks itself when it is
// destroyed.
// Thread: loop.
class CancelNode : public RingLink {
 public:
  virtual ~CancelNode() = default;

  // Called once at most, after the node was unlinked; may destroy this node and others.
  virtual void OnCancelled(const Status& status) = 0;

  void Unlink() { Ring<CancelNode>::Remove(*this); }
  bool linked() const { return Ring<CancelNode>::IsInOne(*this); }
};

// The nodes that wait for one cancellation, oldest first. Adding and removing take constant time and no memory.
// Thread: loop.
class CancelList {
 public:
  // Nodes that are left when it is destroyed are unlinked and never called.
  void Add(CancelNode& node) {
    node.Unlink();
    nodes_.PushBack(node);
  }
  // Takes the nodes one by one, as each call may destroy any of the others.
  void Cancel(const Status& status) {
    while (!nodes_.empty()) {
      CancelNode& node = nodes_.front();
      node.Unlink();
      node.OnCancelled(status);
    }
  }

 private:
  Ring<CancelNode> nodes_;
};

}  // namespace rota

#endif  // ROTA_CONTEXT_CANCELLATION_H_
