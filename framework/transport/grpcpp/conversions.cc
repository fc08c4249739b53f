#include "framework/transport/grpcpp/conversions.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/slice.h>
#include <grpc/support/time.h>
#include <grpcpp/support/slice.h>

#include <cstring>
#include <limits>
#include <utility>

#include "framework/base/expose.h"
#include "framework/base/sanitizers.h"

// Of the runtime of ThreadSanitizer.
extern "C" void AnnotateIgnoreReadsBegin(const char* file, int line);
extern "C" void AnnotateIgnoreReadsEnd(const char* file, int line);

namespace rota {

// The array in which the metadata has come. ServerContext::client_metadata() makes a map of it, with an allocation for each field, before
// anybody can say that they are too many: of 64,000 that took 30 ms.
struct ReceivedMetadata {
  friend constexpr auto MemberOf(ReceivedMetadata);
};
template struct Expose<ReceivedMetadata, &grpc::ServerContextBase::client_metadata_>;

namespace grpcpp {
namespace {

// While it lives, ThreadSanitizer overlooks what this thread reads: of the memory that the threads of gRPC have written and handed over
// by atomics, which it cannot see, as the library is not instrumented.
class ReadsOfGrpc {
 public:
  ReadsOfGrpc() {
    if constexpr (kThreadSanitizer) AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
  }
  ~ReadsOfGrpc() {
    if constexpr (kThreadSanitizer) AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  }
  ReadsOfGrpc(const ReadsOfGrpc&) = delete;
};

// Up to here a copy costs less than the two allocations that handing the block over takes.
constexpr size_t kCopyUpTo = 256;

// As a list of HTTP/2 is counted: RFC 9113, section 6.5.2.
constexpr size_t kOfField = 32;

bool StartsWith(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }
bool EndsWith(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

// Headers of HTTP/2 and of the gRPC protocol itself, which are not the metadata of a call.
// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Requests".
bool IsReserved(std::string_view key) {
  if (StartsWith(key, "grpc-")) return key != "grpc-trace-bin";
  return key.empty() || key.front() == ':' || key == "te" || key == "content-type" || key == "content-length" ||
         key == "host" || key == "connection" || key == "keep-alive" || key == "transfer-encoding" || key == "upgrade" ||
         key == "proxy-connection";
}

std::string_view View(const grpc_slice& slice) {
  return {reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(slice)), GRPC_SLICE_LENGTH(slice)};
}

// A slice that borrows `text`; valid as long as that.
grpc_slice Borrow(const std::string& text) { return grpc_slice_from_static_buffer(text.data(), text.size()); }

TimePoint ToTimePoint(gpr_timespec deadline, TimePoint now) {
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return kNoDeadline;
  // By what is left: the clock of the loop need not be that of gRPC.
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  constexpr int64_t kForEver = std::numeric_limits<int64_t>::max() / 2'000'000'000;
  if (left.tv_sec >= kForEver) return kNoDeadline;
  return After(now, std::chrono::seconds(left.tv_sec) + Duration(left.tv_nsec));
}

}  // namespace

grpc::ByteBuffer ToByteBuffer(Payload payload, bool is_gzip) {
  const size_t size = payload.size();
  grpc::Slice slice;
  if (size <= kCopyUpTo) {
    if (size > 0) slice = grpc::Slice(payload.data(), size);
  } else {
    auto* const held = new Payload(std::move(payload));
    slice = grpc::Slice(held->data(), size, [](void* owner) { delete static_cast<Payload*>(owner); }, held);
  }
  if (!is_gzip) return grpc::ByteBuffer(&slice, 1);
  grpc_slice of_core = slice.c_slice();
  grpc_byte_buffer* const compressed = grpc_raw_compressed_byte_buffer_create(&of_core, 1, GRPC_COMPRESS_GZIP);
  grpc_slice_unref(of_core);
  // There is no constructor for this, but gRPC holds in byte_buffer.h that a ByteBuffer is a pointer to one of the core, and nothing else.
  grpc::ByteBuffer buffer;
  static_assert(sizeof(buffer) == sizeof(compressed));
  std::memcpy(static_cast<void*>(&buffer), &compressed, sizeof(compressed));
  return buffer;
}

Payload ToPayload(grpc_byte_buffer* bytes) {
  Payload payload = Payload::Allocate(grpc_byte_buffer_length(bytes));
  grpc_byte_buffer_reader reader;
  if (payload.size() == 0 || grpc_byte_buffer_reader_init(&reader, bytes) == 0) return payload;
  uint8_t* to = payload.data();
  for (grpc_slice* slice; grpc_byte_buffer_reader_peek(&reader, &slice) != 0;) {
    const size_t size = GRPC_SLICE_LENGTH(*slice);
    if (size > 0) std::memcpy(to, GRPC_SLICE_START_PTR(*slice), size);
    to += size;
  }
  grpc_byte_buffer_reader_destroy(&reader);
  return payload;
}

grpc::Status ToGrpcStatus(const Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()),
                      std::string(status.details()));
}

std::string PeerOf(const grpc::GenericServerContext& context) {
  const ReadsOfGrpc scope;
  return PeerAddress(context.peer());
}

StatusOr<CallStart> ToCallStart(grpc::GenericServerContext& context, std::string peer, TimePoint now) {
  const ReadsOfGrpc scope;
  const grpc_metadata_array& fields = *(context.*MemberOf(ReceivedMetadata())).arr();
  size_t bytes = 0;
  for (size_t i = 0; i < fields.count && bytes <= kMaxHeaderBytes; ++i) {
    bytes += View(fields.metadata[i].key).size() + View(fields.metadata[i].value).size() + kOfField;
  }
  if (bytes > kMaxHeaderBytes) return ResourceExhaustedError("the header fields are larger than the limit of " + std::to_string(kMaxHeaderBytes));
  CallStart start;
  start.path = context.method();
  start.authority = context.host();
  start.peer = std::move(peer);
  start.deadline = ToTimePoint(context.raw_deadline(), now);
  for (size_t i = 0; i < fields.count; ++i) {
    const std::string_view key = View(fields.metadata[i].key);
    if (!IsReserved(key)) start.metadata.Add(key, View(fields.metadata[i].value));
  }
  return start;
}

std::string PeerAddress(std::string_view uri) {
  for (const std::string_view scheme : {std::string_view("ipv4:"), std::string_view("ipv6:")}) {
    if (StartsWith(uri, scheme)) uri.remove_prefix(scheme.size());
  }
  std::string address;
  while (!uri.empty()) {
    // gRPC escapes the brackets of IPv6 and the percent sign of its zones.
    const std::string_view escape = uri.substr(0, 3);
    const char plain = escape == "%5B" ? '[' : escape == "%5D" ? ']' : escape == "%25" ? '%' : '\0';
    address.push_back(plain != '\0' ? plain : uri.front());
    uri.remove_prefix(plain != '\0' ? 3 : 1);
  }
  return address;
}

const char* WhyNotSendable(const std::string& key, const std::string& value) {
  if (IsReserved(key)) return "the key is reserved";
  if (grpc_header_key_is_legal(Borrow(key)) == 0) return "the key is illegal";
  if (!EndsWith(key, "-bin") && grpc_header_nonbin_value_is_legal(Borrow(value)) == 0) return "the value is illegal";
  return nullptr;
}

}  // namespace grpcpp
}  // namespace rota
