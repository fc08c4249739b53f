#ifndef ROTA_TRANSPORT_NATIVE_TIMEOUT_H_
#define ROTA_TRANSPORT_NATIVE_TIMEOUT_H_

#include <optional>
#include <string_view>

#include "framework/base/clock.h"

namespace rota::native {

// The value of the header grpc-timeout: at most eight digits and one of the units H M S m u n. Nothing when it is malformed.
// Thread: any.
// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Timeout".
std::optional<Duration> ParseTimeout(std::string_view value);

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_TIMEOUT_H_
