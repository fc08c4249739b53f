#ifndef ROTA_CONTEXT_CANCELLATION_H_
#define ROTA_CONTEXT_CANCELLATION_H_

#include "framework/base/status.h"

namespace rota {

class CancelList;

// Something that waits on behalf of a request and has to know when the request is cancelled. Unlinks itself when it is
// destroyed.
// Thread: loop.
class CancelNode {
 public:
  CancelNode() = default;
  CancelNode(const CancelNode&) = delete;
  CancelNode& operator=(const CancelNode&) = delete;
  virtual ~CancelNode() { Unlink(); }

  // Called once at most, after the node was unlinked; may destroy this node and others.
  virtual void OnCancelled(const Status& status) = 0;

  void Unlink() {
    if (previous_ == nullptr) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = nullptr;
  }
  bool linked() const { return previous_ != nullptr; }

 private:
  friend class CancelList;
  CancelNode* previous_ = nullptr;
  CancelNode* next_ = nullptr;
};

// The nodes that wait for one cancellation, oldest first. Adding and removing take constant time and no memory.
// Thread: loop.
class CancelList {
 public:
  CancelList() { head_.previous_ = head_.next_ = &head_; }
  // Nodes that are left are unlinked and never called.
  ~CancelList() {
    while (head_.next_ != &head_) head_.next_->Unlink();
  }

  void Add(CancelNode& node) {
    node.Unlink();
    node.previous_ = head_.previous_;
    node.next_ = &head_;
    head_.previous_->next_ = &node;
    head_.previous_ = &node;
  }
  // Takes the nodes one by one, as each call may destroy any of the others.
  void Cancel(const Status& status) {
    while (head_.next_ != &head_) {
      CancelNode& node = *head_.next_;
      node.Unlink();
      node.OnCancelled(status);
    }
  }

 private:
  class Head final : public CancelNode {
    void OnCancelled(const Status&) override {}
  };
  Head head_storage_;
  CancelNode& head_ = head_storage_;
};

}  // namespace rota

#endif  // ROTA_CONTEXT_CANCELLATION_H_
