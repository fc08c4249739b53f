#ifndef ROTA_LOOP_REF_LEDGER_H_
#define ROTA_LOOP_REF_LEDGER_H_

#include <cstddef>
#include <source_location>
#include <string>
#include <utility>

#include "framework/base/clock.h"
#include "framework/base/ring.h"
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

// What the handles and operations of a loop hold to be listed, so that one costs a few stores.
// Thread: loop.
// Owner:  the handle or operation.
class RefLink : public RingLink {
 public:
  RefLink(Ring<RefLink>& ledger, RefKind kind, TimePoint since, const std::source_location& where)
      : kind(kind), where(where), since(since) {
    ledger.PushBack(*this);
  }
  // Takes the place of `other`.
  RefLink(RefLink&& other) noexcept : kind(other.kind), has_ref(other.has_ref), where(other.where), since(other.since) {
    Ring<RefLink>::Replace(other, *this);
  }
  RefLink& operator=(RefLink&&) = delete;

  RefKind kind;
  bool has_ref = true;
  std::source_location where;
  TimePoint since;
};

// "file:line".
inline std::string SourceName(const std::source_location& where) {
  return std::string(where.file_name()) + ":" + std::to_string(where.line());
}

}  // namespace rota

#endif  // ROTA_LOOP_REF_LEDGER_H_
