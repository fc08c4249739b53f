#ifndef ROTA_OBSERVE_ADMIN_SERVER_H_
#define ROTA_OBSERVE_ADMIN_SERVER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "framework/base/callback.h"
#include "framework/base/clock.h"
#include "framework/base/status.h"
#include "framework/base/status_or.h"
#include "framework/loop/event_loop.h"
#include "framework/observe/metrics_page.h"

namespace rota {

// The HTTP/1.1 server for operators: GET /metrics, /healthz and /readyz, one request a connection.
// Thread: loop. It does not keep the loop alive, but for the moment that it takes to write the metrics.
// Owner:  the application; must not outlive the loop. Destroying it closes the listener and the connections.
// Errors: Listen() names the address. A request gets 404 (no such page), 405 (not GET), 400 (not HTTP), 413 or 431 (too
//         large), and 503 with the message of the status where a page says no; the body is a sentence.
// Bound:  connections (more wait in the backlog of the system), request size, time for one request.
class AdminServer {
 public:
  struct Options {
    size_t max_connections = 32;
    uint32_t max_header_bytes = 8 * 1024;
    uint64_t max_body_bytes = 1024;
    Duration request_timeout = std::chrono::seconds(10);
  };
  // What the pages say, asked at each request. The metrics come in steps, so many at once as take some hundred
  // microseconds, with a pause of a millisecond between.
  struct Pages {
    UniqueFunction<MetricsPage::Steps()> metrics;
    UniqueFunction<Status()> healthz;
    UniqueFunction<Status()> readyz;
  };

  // `address` is HOST:PORT with a numeric host or "localhost"; port 0 takes a free one.
  static StatusOr<std::unique_ptr<AdminServer>> Listen(EventLoop& loop, const std::string& address, Pages pages,
                                                       Options options);
  ~AdminServer();

  // HOST:PORT that it listens on.
  const std::string& address() const { return address_; }

 private:
  class State;
  class Connection;
  AdminServer(std::shared_ptr<State> state, std::string address);

  // Shared: completions of the operating system may still hold it when the server is gone.
  const std::shared_ptr<State> state_;
  const std::string address_;
};

}  // namespace rota

#endif  // ROTA_OBSERVE_ADMIN_SERVER_H_
