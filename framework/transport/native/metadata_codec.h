#ifndef ROTA_TRANSPORT_NATIVE_METADATA_CODEC_H_
#define ROTA_TRANSPORT_NATIVE_METADATA_CODEC_H_

#include <string>
#include <string_view>

#include "framework/context/metadata.h"

// How metadata and status messages stand in the header fields of HTTP/2.
// Thread: any.
// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Custom-Metadata" and "Status-Message".
namespace rota::native {

// Whether the values of `key` are raw bytes, which travel as base64.
bool IsBinaryKey(std::string_view key);

// Whether `key` belongs to HTTP/2 or to the gRPC protocol itself and so is not metadata of a call.
bool IsReservedKey(std::string_view key);

// Adds one header field as it was received. The values of a binary key may be padded or not, and several may be joined by
// commas. False: a value is not base64; what came before it has been added.
bool AddReceived(std::string_view key, std::string_view value, Metadata& metadata);

// Why `key` with `value` cannot be sent as metadata; null when it can.
const char* WhyNotSendable(std::string_view key, std::string_view value);

// Base64 without padding.
std::string EncodeBase64(std::string_view bytes);
// Base64 with padding or without, appended to `bytes`. False when it is malformed.
bool DecodeBase64(std::string_view text, std::string& bytes);

// The form of a status message: UTF-8 with all but printable ASCII, and '%', as "%XX".
std::string EncodePercent(std::string_view text);
// Whether EncodePercent() would change nothing.
bool IsPlain(std::string_view text);

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_METADATA_CODEC_H_
