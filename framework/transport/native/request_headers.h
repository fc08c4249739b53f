#ifndef ROTA_TRANSPORT_NATIVE_REQUEST_HEADERS_H_
#define ROTA_TRANSPORT_NATIVE_REQUEST_HEADERS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "framework/base/clock.h"
#include "framework/base/status.h"
#include "framework/rpc/transport.h"
#include "framework/transport/native/encoding.h"
#include "framework/transport/native/field_kind.h"

namespace rota::native {

// Reads the header fields that open a call, one by one, into its CallStart, and judges them: first by the rules of HTTP, where
// a request that breaks one is malformed and its stream is to be reset with PROTOCOL_ERROR, then by those of gRPC, where it
// gets an answer.
// Thread: one.
// Source: RFC 9113, sections 8.1 to 8.3; https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Requests".
class RequestHeaders {
 public:
  // Begins anew. A list of fields of more than `limit` bytes is refused.
  void Reset(size_t limit);

  // The next field. Once the list is too long it keeps no more of them. After End() they are trailers, of which nothing is kept.
  // False: the request is malformed.
  bool Add(const RequestField& field, CallStart& start);
  // After the last field before the messages. False: the request is malformed.
  bool End();
  // `bytes` of the body have come. False: there are more than content-length says.
  bool AddBody(size_t bytes) {
    body_left_ -= static_cast<int64_t>(bytes);
    return body_left_ >= 0;
  }
  // At the end of the body: it is as long as content-length says, if that says anything.
  bool IsBodyWhole() const { return body_left_ == 0 || (seen_ & kLength) == 0; }

  bool ended() const { return ended_; }

  // The list is longer than the limit.
  bool too_long() const { return left_ < 0; }

  // How a request is answered that is no gRPC call: by a status of HTTP where a client of gRPC would not understand one of
  // gRPC, and by one of gRPC otherwise.
  struct Refusal {
    int http_status = 200;
    Status status;
  };
  // After End(): why the request is refused, or nothing.
  std::optional<Refusal> Judge(const CallStart& start) const;

  // What grpc-timeout says.
  std::optional<Duration> timeout() const { return timeout_; }
  // How the messages of the request are compressed, where their flag says so.
  Encoding encoding() const { return encoding_; }
  // The peer reads gzip.
  bool accepts_gzip() const { return accepts_gzip_; }

 private:
  // Fields that may come once, as bits.
  enum Once : uint8_t { kMethod = 1, kScheme = 2, kPath = 4, kAuthority = 8, kHost = 16, kLength = 32 };

  bool IsFirst(Once field) { return (std::exchange(seen_, static_cast<uint8_t>(seen_ | field)) & field) == 0; }
  // Counts a field that may be kept. False: it may not.
  bool Fits(const RequestField& field) {
    if (ended_) return false;
    left_ -= static_cast<int64_t>(field.list_bytes);
    return left_ >= 0;
  }
  bool TakeLength(std::string_view value);
  void TakeMetadata(const RequestField& field, CallStart& start);
  void TakeTimeout(std::string_view value);
  void TakeEncoding(std::string_view value);
  void Fault(Status status);

  int64_t left_ = 0;  // Of the limit; below zero once the list is too long.
  size_t limit_ = 0;
  int64_t body_left_ = 0;
  uint8_t seen_ = 0;
  FieldKind method_ = FieldKind::kOtherMethod;
  FieldKind scheme_ = FieldKind::kOtherScheme;
  FieldKind path_ = FieldKind::kOtherPath;
  bool pseudo_over_ = false;  // No pseudo-header field may follow.
  bool ended_ = false;
  bool is_grpc_ = false;
  bool takes_trailers_ = false;
  bool accepts_gzip_ = false;
  Encoding encoding_ = Encoding::kIdentity;
  std::optional<Duration> timeout_;
  Status fault_;  // The first thing that is wrong with a value.
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_REQUEST_HEADERS_H_
