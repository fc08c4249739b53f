#ifndef ROTA_BASE_STATUS_H_
#define ROTA_BASE_STATUS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rota {

// The codes of gRPC, with the same numbers.
// Source: https://grpc.github.io/grpc/core/md_doc_statuscodes.html
enum class StatusCode : uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

inline constexpr int kStatusCodeCount = 17;

// "OK", "NOT_FOUND", ...: the spelling of gRPC, of logs and of metrics labels.
std::string_view StatusCodeName(StatusCode code);

// How an operation ended: OK, or a code with a message that names the thing.
// One pointer wide; OK is a null pointer, so success costs no allocation.
// Thread: a value; may be moved between threads, not shared without a lock.
class [[nodiscard]] Status {
 public:
  Status() noexcept = default;
  // A `code` of kOk drops the message.
  Status(StatusCode code, std::string message);
  Status(const Status& other);
  Status& operator=(const Status& other);
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;
  ~Status() = default;

  bool ok() const noexcept { return error_ == nullptr; }
  StatusCode code() const noexcept { return ok() ? StatusCode::kOk : error_->code; }
  // Empty when ok().
  std::string_view message() const noexcept;
  // Bytes of a serialized google.rpc.Status (the trailer grpc-status-details-bin); empty when none.
  std::string_view details() const noexcept;

  // The same status with `details`; OK stays OK and drops them.
  Status WithDetails(std::string details) &&;
  // The same status with "prefix: " before its message; OK stays OK.
  Status WithPrefix(std::string_view prefix) &&;

  // "OK" or "NOT_FOUND: no file 'a'".
  std::string ToString() const;

  friend bool operator==(const Status& a, const Status& b) {
    return a.code() == b.code() && a.message() == b.message() && a.details() == b.details();
  }

 private:
  struct Error {
    StatusCode code;
    std::string message;
    std::string details;
  };
  std::unique_ptr<Error> error_;
};

inline Status OkStatus() { return Status(); }
Status CancelledError(std::string message);
Status UnknownError(std::string message);
Status InvalidArgumentError(std::string message);
Status DeadlineExceededError(std::string message);
Status NotFoundError(std::string message);
Status AlreadyExistsError(std::string message);
Status PermissionDeniedError(std::string message);
Status ResourceExhaustedError(std::string message);
Status FailedPreconditionError(std::string message);
Status AbortedError(std::string message);
Status OutOfRangeError(std::string message);
Status UnimplementedError(std::string message);
Status InternalError(std::string message);
Status UnavailableError(std::string message);
Status DataLossError(std::string message);
Status UnauthenticatedError(std::string message);

// The status for an errno of the operating system, as gRPC services map them: ENOENT is NOT_FOUND, EACCES is
// PERMISSION_DENIED, ENOSPC is RESOURCE_EXHAUSTED and so on; what is not known is UNKNOWN. The message is
// "what: text of the system".
Status ErrnoToStatus(int error_number, std::string_view what);

}  // namespace rota

#endif  // ROTA_BASE_STATUS_H_
