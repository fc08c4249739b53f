#ifndef ROTA_RUNTIME_SETTINGS_H_
#define ROTA_RUNTIME_SETTINGS_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "framework/base/clock.h"
#include "framework/base/log.h"
#include "framework/runtime/options.h"

namespace rota {

// What every service can be told from outside; docs and `--help` name each. The defaults serve on loopback only.
struct Settings {
  std::vector<std::string> listen = {"127.0.0.1:50051"};
  // Empty: no admin server.
  std::string admin = "127.0.0.1:9090";
  std::string transport = "native";
  // Zero: as many as the machine has cores, at least 2.
  int64_t workers = 0;
  int64_t worker_queue = 1024;
  // After SIGTERM: how long calls are still taken in while there are callers who have not heard, and how long running
  // calls may go on after that.
  Duration notice = std::chrono::seconds(2);
  Duration grace = std::chrono::seconds(10);
  LogLevel log_level = LogLevel::kInfo;
  int64_t max_message_bytes = 4 << 20;
  int64_t max_concurrent_calls = 10000;
  // Of connections; see ConnectionOptions. Zero: no limit.
  Duration keepalive_time = std::chrono::hours(2);
  Duration keepalive_timeout = std::chrono::seconds(20);
  Duration min_ping_interval = std::chrono::minutes(5);
  bool pings_without_calls = false;
  Duration handshake_timeout = std::chrono::seconds(20);
  Duration max_connection_idle{};
  Duration max_connection_age{};
  Duration max_connection_age_grace{};
  // Files in PEM; see TlsFiles. Without any, calls are served in plain text.
  std::string tls_cert;
  std::string tls_key;
  std::string tls_ca;
};

// The transports that --transport knows.
const std::vector<std::string>& KnownTransports();

// Declares them all; `settings` must outlive options.Parse().
void AddSettings(Options& options, Settings* settings);

}  // namespace rota

#endif  // ROTA_RUNTIME_SETTINGS_H_
