#include "framework/rpc/call_context.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "framework/base/random.h"
#include "framework/context/trace_parent.h"

namespace rota {
namespace {

constexpr size_t kMaxIdBytes = 128;

bool IsIdCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-_.:/+=@").find(c) != std::string_view::npos;
}

// The id goes into logs and on to other services, so what a peer may put there is limited.
bool IsSaneId(std::string_view id) { return !id.empty() && id.size() <= kMaxIdBytes && std::all_of(id.begin(), id.end(), IsIdCharacter); }

// The eight lower halves of the bytes of `nibbles`, as hexadecimal digits.
uint64_t HexDigits(uint64_t nibbles) {
  constexpr uint64_t kEach = 0x0101010101010101;
  nibbles &= 0x0f * kEach;
  // 1 in each byte of 10 or more, for which the letters begin.
  const uint64_t letters = ((nibbles + 6 * kEach) >> 4) & kEach;
  return nibbles + '0' * kEach + letters * ('a' - '0' - 10);
}

// 15 hexadecimal digits: as many as a std::string holds without memory of its own.
std::string MakeId() {
  const uint64_t bits = Random::ForThread().Next();
  const std::array<uint64_t, 2> digits = {HexDigits(bits), HexDigits(bits >> 4)};
  return std::string(reinterpret_cast<const char*>(digits.data()), 15);
}

TraceParent TraceOf(const Metadata& metadata) {
  if (const std::optional<std::string_view> header = metadata.Get("traceparent")) {
    if (const std::optional<TraceParent> parsed = TraceParent::Parse(*header)) return *parsed;
  }
  return TraceParent::Generate();
}

}  // namespace

Ref<RequestContext> MakeCallContext(EventLoop& loop, WorkerPool* workers, CallStart& start, std::string_view method) {
  const std::optional<std::string_view> id = start.metadata.Get("x-request-id");
  RequestContext::Start made{.id = id && IsSaneId(*id) ? std::string(*id) : MakeId(),
                             .deadline = start.deadline,
                             .trace_parent = TraceOf(start.metadata),
                             .peer = start.peer,
                             .method = method,
                             .workers = workers};
  made.metadata = std::move(start.metadata);
  return MakeRef<RequestContext>(loop, std::move(made));
}

}  // namespace rota
