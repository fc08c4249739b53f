#ifndef ROTA_LOOP_ASIO_H_
#define ROTA_LOOP_ASIO_H_

#include <source_location>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "framework/loop/event_loop.h"

namespace rota {

// The io_context that the loop polls, for code that opens sockets. Never run it: the loop does. It takes no locks, so other
// threads must not post to it (they have EventLoop::Post()), and Asio's own that resolve names answer operation_not_supported:
// resolve in a job.
// Thread: loop.
inline boost::asio::io_context& IoContext(EventLoop& loop) { return loop.poller().io_context(); }

// Wraps the completion handler of one asynchronous operation of Asio: the operation keeps the loop alive, and `handler`
// runs as a callback of the poll phase (or of the next pending phase, when poll is over its budget), under the context
// that is current here.
//
//     socket.async_read_some(buffer, OnLoop(loop, [](boost::system::error_code error, size_t size) { ... }));
//
// Thread: loop. The arguments of the completion are moved or copied into the callback; references are not kept.
template <typename Handler>
class LoopHandler {
 public:
  LoopHandler(EventLoop& loop, RefKind kind, Handler handler, const std::source_location& where)
      : operation_(loop, kind, where), handler_(std::move(handler)) {}
  LoopHandler(LoopHandler&&) noexcept = default;

  // An operation that does not keep the loop alive, such as the accept of a listener that serves only while others work.
  LoopHandler Unrefed() && {
    operation_.SetRef(false);
    return std::move(*this);
  }

  template <typename... Args>
  void operator()(Args... args) {
    EventLoop& loop = operation_.loop();
    loop.RunCompletion(std::move(operation_),
                       [handler = std::move(handler_), arguments = std::tuple<Args...>(std::move(args)...)]() mutable {
                         std::apply(std::move(handler), std::move(arguments));
                       });
  }

 private:
  Operation operation_;
  Handler handler_;
};

template <typename Handler>
LoopHandler<std::decay_t<Handler>> OnLoop(EventLoop& loop, Handler&& handler,
                                          const std::source_location& where = std::source_location::current()) {
  return {loop, RefKind::kIo, std::forward<Handler>(handler), where};
}

}  // namespace rota

#endif  // ROTA_LOOP_ASIO_H_
