#ifndef ROTA_ROTA_H_
#define ROTA_ROTA_H_

// The one header of a service, next to its generated code. It pulls in nothing of Asio, Boost.Fiber, gRPC, nghttp2,
// prometheus-cpp or CLI11.
//
//     App             the program: flags, start, drain                  framework/runtime/app.h
//     Actor, ActorRef what handles messages, and how to reach it        framework/actor/
//     Task, Try       what a handler returns, and how to catch errors
//     Sleep, RunBlocking
//     BoundedQueue    values on their way to one coroutine
//     RequestContext  deadline, cancellation, metadata, values          framework/context/
//     Reader, Writer  streams of messages                               framework/rpc/
//     Status, StatusOr, Log, EventLoop

#include "framework/actor/actor.h"             // IWYU pragma: export
#include "framework/actor/actor_ref.h"         // IWYU pragma: export
#include "framework/actor/bounded_queue.h"     // IWYU pragma: export
#include "framework/actor/run_blocking.h"      // IWYU pragma: export
#include "framework/actor/sleep.h"             // IWYU pragma: export
#include "framework/actor/task.h"              // IWYU pragma: export
#include "framework/actor/task_run.h"          // IWYU pragma: export
#include "framework/base/clock.h"              // IWYU pragma: export
#include "framework/base/log.h"                // IWYU pragma: export
#include "framework/base/status.h"             // IWYU pragma: export
#include "framework/base/status_or.h"          // IWYU pragma: export
#include "framework/context/request_context.h" // IWYU pragma: export
#include "framework/loop/event_loop.h"         // IWYU pragma: export
#include "framework/rpc/service.h"             // IWYU pragma: export
#include "framework/runtime/app.h"             // IWYU pragma: export

#endif  // ROTA_ROTA_H_
