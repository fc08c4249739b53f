#ifndef ROTA_LOOP_REF_LEDGER_H_
#define ROTA_LOOP_REF_LEDGER_H_

#include <cstddef>
#include <source_location>
#include <string>
#include <utility>

#include "framework/base/clock.h"
#include "framework/loop/refs.h"

namespace rota {

// One thing that keeps a loop alive, as EventLoop::ListRefs() tells it.
struct RefEntry {
  RefKind kind;
  // "framework/actor/sleep.h:42": the source that made it; "" where that is not kept (immediates).
  std::string owner;
  // Since it was made, or armed; exact to an iteration.
  Duration age{};
  // More than one where alike refs are told together.
  size_t count = 1;
};

// What the handles and operations of a loop hold to be listed: two pointers in a ring, so that one costs a few stores.
// Thread: loop.
// Owner:  the handle or operation. Must not outlive the ring that it is in.
class RefLink {
 public:
  // The ring's own.
  RefLink() = default;
  RefLink(RefLink& ring, RefKind kind, TimePoint since, const std::source_location& where)
      : kind(kind), where(where), since(since) {
    LinkBefore(ring);
  }
  // Takes the place of `other` in the ring.
  RefLink(RefLink&& other) noexcept : kind(other.kind), has_ref(other.has_ref), where(other.where), since(other.since) {
    if (!other.is_linked()) return;
    LinkBefore(other);
    other.Unlink();
  }
  RefLink& operator=(RefLink&&) = delete;
  ~RefLink() { Unlink(); }

  void Unlink() noexcept {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = this;
  }
  bool is_linked() const noexcept { return next_ != this; }

  // For each link of a ring, from the ring's own.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const RefLink* link = next_; link != this; link = link->next_) visit(*link);
  }

  RefKind kind = RefKind::kHandle;
  bool has_ref = true;
  std::source_location where;
  TimePoint since{};

 private:
  void LinkBefore(RefLink& place) noexcept {
    previous_ = place.previous_;
    next_ = &place;
    previous_->next_ = this;
    place.previous_ = this;
  }

  RefLink* previous_ = this;
  RefLink* next_ = this;
};

// "file:line".
inline std::string SourceName(const std::source_location& where) {
  return std::string(where.file_name()) + ":" + std::to_string(where.line());
}

}  // namespace rota

#endif  // ROTA_LOOP_REF_LEDGER_H_
