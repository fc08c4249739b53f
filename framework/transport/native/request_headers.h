#ifndef ROTA_TRANSPORT_NATIVE_REQUEST_HEADERS_H_
#define ROTA_TRANSPORT_NATIVE_REQUEST_HEADERS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "framework/base/clock.h"
#include "framework/base/status.h"
#include "framework/rpc/transport.h"
#include "framework/transport/native/compression.h"

namespace rota::native {

// Reads the header fields that open a call, one by one, into its CallStart, and judges them.
// Thread: one.
// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Requests".
class RequestHeaders {
 public:
  // What peers are told that a list may have.
  static constexpr uint32_t kMaxBytes = 16 << 10;
  // A field counts as HTTP/2 counts it: name, value and this (RFC 9113, section 10.5.1).
  static constexpr size_t kFieldOverhead = 32;

  // Begins anew. A list of fields of more than `limit` bytes is refused.
  void Reset(size_t limit);

  // The next field. Once the list is too long it looks at no more of them.
  void Add(std::string_view name, std::string_view value, CallStart& start);

  // The list is longer than the limit.
  bool too_long() const { return too_long_; }

  // How a request is answered that is no gRPC call: by a status of HTTP where a client of gRPC would not understand one of
  // gRPC, and by one of gRPC otherwise.
  struct Refusal {
    int http_status = 200;
    Status status;
  };
  // After the last field: why the request is refused, or nothing.
  std::optional<Refusal> Judge(const CallStart& start) const;

  // What grpc-timeout says.
  std::optional<Duration> timeout() const { return timeout_; }
  // How the messages of the request are compressed, where their flag says so.
  Encoding encoding() const { return encoding_; }
  // The peer reads gzip.
  bool accepts_gzip() const { return accepts_gzip_; }

 private:
  void AddPseudo(std::string_view name, std::string_view value, CallStart& start);
  void AddGrpc(std::string_view name, std::string_view value);
  void Fault(Status status);

  size_t left_ = 0;  // Of the limit.
  size_t limit_ = 0;
  bool too_long_ = false;
  bool is_post_ = false;
  bool is_grpc_ = false;
  bool takes_trailers_ = false;
  bool accepts_gzip_ = false;
  Encoding encoding_ = Encoding::kIdentity;
  std::optional<Duration> timeout_;
  Status fault_;  // The first thing that is wrong with a value.
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_REQUEST_HEADERS_H_
