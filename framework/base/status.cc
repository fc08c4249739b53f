#include "framework/base/status.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace rota {
namespace {

constexpr std::string_view kNames[kStatusCodeCount] = {
    "OK",           "CANCELLED",         "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND",    "ALREADY_EXISTS",    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",      "OUT_OF_RANGE",      "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS",    "UNAUTHENTICATED",
};

StatusCode ErrnoToCode(int error_number) {
  switch (error_number) {
    case 0:
      return StatusCode::kOk;
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ESRCH:
      return StatusCode::kNotFound;
    case EEXIST:
    case EADDRINUSE:
      return StatusCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return StatusCode::kPermissionDenied;
    case EINVAL:
    case ENAMETOOLONG:
    case EDESTADDRREQ:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return StatusCode::kInvalidArgument;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
      return StatusCode::kResourceExhausted;
    case ENOTDIR:
    case EISDIR:
    case ENOTEMPTY:
    case EBUSY:
    case ENOTCONN:
    case EPIPE:
    case EBADF:
      return StatusCode::kFailedPrecondition;
    case EFBIG:
    case EOVERFLOW:
    case ERANGE:
      return StatusCode::kOutOfRange;
    case ENOSYS:
    case ENOTSUP:
      return StatusCode::kUnimplemented;
    case EAGAIN:
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
      return StatusCode::kUnavailable;
    case ETIMEDOUT:
      return StatusCode::kDeadlineExceeded;
    case ECANCELED:
      return StatusCode::kCancelled;
    case EIO:
      return StatusCode::kDataLoss;
    default:
      return StatusCode::kUnknown;
  }
}

}  // namespace

std::string_view StatusCodeName(StatusCode code) {
  const auto index = static_cast<size_t>(code);
  return index < kStatusCodeCount ? kNames[index] : "UNKNOWN";
}

Status::Status(StatusCode code, std::string message) {
  if (code == StatusCode::kOk) return;
  error_ = std::make_unique<Error>(Error{code, std::move(message), {}});
}

Status::Status(const Status& other) : error_(other.ok() ? nullptr : std::make_unique<Error>(*other.error_)) {}

Status& Status::operator=(const Status& other) {
  if (this != &other) error_ = other.ok() ? nullptr : std::make_unique<Error>(*other.error_);
  return *this;
}

std::string_view Status::message() const noexcept { return ok() ? std::string_view() : error_->message; }

std::string_view Status::details() const noexcept { return ok() ? std::string_view() : error_->details; }

Status Status::WithDetails(std::string details) && {
  if (!ok()) error_->details = std::move(details);
  return std::move(*this);
}

Status Status::WithPrefix(std::string_view prefix) && {
  if (!ok()) error_->message.insert(0, std::string(prefix) + ": ");
  return std::move(*this);
}

std::string Status::ToString() const {
  std::string text(StatusCodeName(code()));
  if (!ok()) text.append(": ").append(error_->message);
  return text;
}

Status CancelledError(std::string message) { return {StatusCode::kCancelled, std::move(message)}; }
Status UnknownError(std::string message) { return {StatusCode::kUnknown, std::move(message)}; }
Status InvalidArgumentError(std::string message) { return {StatusCode::kInvalidArgument, std::move(message)}; }
Status DeadlineExceededError(std::string message) { return {StatusCode::kDeadlineExceeded, std::move(message)}; }
Status NotFoundError(std::string message) { return {StatusCode::kNotFound, std::move(message)}; }
Status AlreadyExistsError(std::string message) { return {StatusCode::kAlreadyExists, std::move(message)}; }
Status PermissionDeniedError(std::string message) { return {StatusCode::kPermissionDenied, std::move(message)}; }
Status ResourceExhaustedError(std::string message) { return {StatusCode::kResourceExhausted, std::move(message)}; }
Status FailedPreconditionError(std::string message) { return {StatusCode::kFailedPrecondition, std::move(message)}; }
Status AbortedError(std::string message) { return {StatusCode::kAborted, std::move(message)}; }
Status OutOfRangeError(std::string message) { return {StatusCode::kOutOfRange, std::move(message)}; }
Status UnimplementedError(std::string message) { return {StatusCode::kUnimplemented, std::move(message)}; }
Status InternalError(std::string message) { return {StatusCode::kInternal, std::move(message)}; }
Status UnavailableError(std::string message) { return {StatusCode::kUnavailable, std::move(message)}; }
Status DataLossError(std::string message) { return {StatusCode::kDataLoss, std::move(message)}; }
Status UnauthenticatedError(std::string message) { return {StatusCode::kUnauthenticated, std::move(message)}; }

Status ErrnoToStatus(int error_number, std::string_view what) {
  std::string message(what);
  message.append(": ").append(std::generic_category().message(error_number));
  return {ErrnoToCode(error_number), std::move(message)};
}

}  // namespace rota
