#ifndef ROTA_BASE_STATUS_OR_H_
#define ROTA_BASE_STATUS_OR_H_

#include <optional>
#include <type_traits>
#include <utility>

#include "framework/base/check.h"
#include "framework/base/status.h"

namespace rota {

// A T, or the Status that says why there is none. Both convert implicitly, so `return value;` and
// `return NotFoundError(...)` read alike.
// Errors: value access without a value stops the process (ROTA_CHECK), as does construction from an OK status.
template <typename T>
class [[nodiscard]] StatusOr {
 public:
  static_assert(!std::is_same_v<std::remove_cvref_t<T>, Status>, "StatusOr<Status> says the same thing twice");
  using value_type = T;

  StatusOr() : status_(StatusCode::kUnknown, "no value was set") {}
  StatusOr(Status status) : status_(std::move(status)) {  // NOLINT: implicit by design
    ROTA_CHECK(!status_.ok(), "a StatusOr needs a value or an error, not an OK status");
  }
  template <typename U = T>
    requires(std::is_constructible_v<T, U &&> && std::is_convertible_v<U &&, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, StatusOr> && !std::is_same_v<std::remove_cvref_t<U>, Status>)
  StatusOr(U&& value) : value_(std::in_place, std::forward<U>(value)) {}  // NOLINT: implicit by design

  bool ok() const noexcept { return value_.has_value(); }
  const Status& status() const& noexcept { return status_; }
  Status status() && noexcept { return std::move(status_); }

  T& value() & { return Checked(), *value_; }
  const T& value() const& { return Checked(), *value_; }
  T&& value() && { return Checked(), *std::move(value_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void Checked() const { ROTA_CHECK(value_.has_value(), status_.message()); }

  Status status_;  // OK exactly when value_ is set.
  std::optional<T> value_;
};

}  // namespace rota

// Leaves the function (or coroutine, with co_return) with the error of `expression`, a Status.
#define ROTA_RETURN_IF_ERROR(expression)                                    \
  do {                                                                      \
    if (::rota::Status rota_status = (expression); !rota_status.ok()) {     \
      return rota_status;                                                   \
    }                                                                       \
  } while (false)

#endif  // ROTA_BASE_STATUS_OR_H_
