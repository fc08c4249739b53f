#include "framework/loop/immediate_queue.h"

#include <utility>

namespace rota {

ImmediateQueue::Queued* ImmediateQueue::Find(uint64_t position) {
  Queued* const queued = queue_.At(position);
  return queued != nullptr && queued->callback ? queued : nullptr;
}

void ImmediateQueue::SetRef(Queued& immediate, bool has_ref) {
  if (immediate.has_ref == has_ref) return;
  immediate.has_ref = has_ref;
  if (has_ref) {
    refs_.Add(RefKind::kImmediate);
  } else {
    refs_.Remove(RefKind::kImmediate);
  }
}

void Immediate::Clear() {
  ImmediateQueue::Queued* const queued = queue_ == nullptr ? nullptr : queue_->Find(position_);
  if (queued == nullptr) return;
  queue_->SetRef(*queued, false);
  // Destroyed at the end, after the slot is empty: a destructor may schedule again.
  const ImmediateQueue::Queued taken = std::exchange(*queued, {Callback(), nullptr, false});
}

void Immediate::SetRef(bool has_ref) {
  ImmediateQueue::Queued* const queued = queue_ == nullptr ? nullptr : queue_->Find(position_);
  if (queued != nullptr) queue_->SetRef(*queued, has_ref);
}

bool Immediate::has_ref() const {
  const ImmediateQueue::Queued* const queued = queue_ == nullptr ? nullptr : queue_->Find(position_);
  return queued != nullptr && queued->has_ref;
}

}  // namespace rota
