#ifndef ROTA_CONTEXT_TRACE_PARENT_H_
#define ROTA_CONTEXT_TRACE_PARENT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rota {

// The trace that a request belongs to and the span that called it.
// Thread: a value; Generate() and Child() from any thread.
// Source: W3C Trace Context, section 3.2 (traceparent).
struct TraceParent {
  std::array<uint8_t, 16> trace_id{};
  std::array<uint8_t, 8> parent_id{};
  uint8_t flags = 0;

  // A header of version 00, or of a later version by the rules of section 4; nothing when it is malformed or an id is
  // all zeros, in which case the receiver starts a trace of its own.
  static std::optional<TraceParent> Parse(std::string_view header);
  // A new trace, not sampled, with random ids. Not for secrets.
  static TraceParent Generate();
  // The same trace with a new random parent id.
  TraceParent Child() const;
  // "00-<trace id>-<parent id>-<flags>", 55 characters.
  std::string ToString() const;

  friend bool operator==(const TraceParent&, const TraceParent&) = default;
};

}  // namespace rota

#endif  // ROTA_CONTEXT_TRACE_PARENT_H_
