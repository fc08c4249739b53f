#ifndef ROTA_RPC_CODEC_H_
#define ROTA_RPC_CODEC_H_

#include "framework/base/status.h"
#include "framework/base/status_or.h"
#include "framework/rpc/method_table.h"
#include "framework/rpc/payload.h"
#include "google/protobuf/message_lite.h"

namespace rota {

// Reads a request of `method` into `message`, which has no fields yet. Fields that are not known are kept.
// Thread: any.
// Errors: INTERNAL "request of files.v1.Files/Stat is not a valid files.v1.StatRequest".
// Source: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md, "Error parsing request proto": INTERNAL, by the server.
Status Decode(const MethodInfo& method, const Payload& payload, google::protobuf::MessageLite& message);

// Writes an answer of `method` straight into the memory that goes to the peer.
// Thread: any.
// Errors: INTERNAL when it is too long for protobuf.
StatusOr<Payload> Encode(const MethodInfo& method, const google::protobuf::MessageLite& message);

}  // namespace rota

#endif  // ROTA_RPC_CODEC_H_
