#ifndef ROTA_RPC_SERVICE_H_
#define ROTA_RPC_SERVICE_H_

// What the header that protoc-gen-rota generates needs, and nothing else, so that including it stays cheap.

#include <string>       // IWYU pragma: export
#include <string_view>  // IWYU pragma: export

#include "framework/actor/actor.h"             // IWYU pragma: export
#include "framework/actor/task.h"              // IWYU pragma: export
#include "framework/base/clock.h"              // IWYU pragma: export
#include "framework/context/request_context.h" // IWYU pragma: export
#include "framework/rpc/method_table.h"        // IWYU pragma: export
#include "framework/rpc/reader.h"              // IWYU pragma: export
#include "framework/rpc/writer.h"              // IWYU pragma: export

#endif  // ROTA_RPC_SERVICE_H_
