#ifndef ROTA_RPC_METHOD_TABLE_H_
#define ROTA_RPC_METHOD_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "framework/base/status.h"

namespace rota {

class ServerCall;
struct CallParts;

// Which sides of a method are streams.
enum class MethodKind : uint8_t { kUnary, kClientStream, kServerStream, kBidi };

constexpr bool ClientStreams(MethodKind kind) { return kind == MethodKind::kClientStream || kind == MethodKind::kBidi; }

// One method of a service. Made by the generated code, with static storage.
// Thread: any; constant.
struct MethodInfo {
  std::string_view full_name;  // "files.v1.Files/Stat"
  MethodKind kind;
  // The field of the request that names the actor; empty where the service has one actor.
  std::string_view key_field;
  // Makes the object that carries one call of this method.
  ServerCall* (*make_call)(const CallParts& parts);

  std::string_view service() const { return full_name.substr(0, full_name.find('/')); }
  std::string_view name() const { return full_name.substr(full_name.find('/') + 1); }
  bool keyed() const { return !key_field.empty(); }
};

// The methods of one service, as Table() of the generated class returns them.
struct ServiceTable {
  std::string_view name;  // "files.v1.Files"
  std::span<const MethodInfo> methods;
};

// A key comes from the peer and stays in memory while its actor lives.
inline constexpr size_t kMaxKeyBytes = 1024;

// INVALID_ARGUMENT, naming the field, for a key that no actor can have: empty, or longer than kMaxKeyBytes.
Status CheckKey(const MethodInfo& method, std::string_view key);

}  // namespace rota

#endif  // ROTA_RPC_METHOD_TABLE_H_
