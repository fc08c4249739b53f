#include "framework/runtime/settings.h"

#include <charconv>
#include <string_view>

#include "framework/base/status.h"

namespace rota {
namespace {

// Whether a host can be reached is for the transport to say; this is about the form.
Status CheckAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  uint16_t port = 0;
  bool good = colon != std::string::npos && colon != 0;
  if (good) {
    const char* const end = address.data() + address.size();
    const auto parsed = std::from_chars(address.data() + colon + 1, end, port);
    good = parsed.ec == std::errc() && parsed.ptr == end;
  }
  return good ? OkStatus() : InvalidArgumentError("'" + address + "' is not HOST:PORT with a port from 0 to 65535");
}

Status SetListen(const std::vector<std::string>& values, Settings* settings) {
  for (const std::string& address : values) {
    constexpr std::string_view kUnix = "unix:";
    if (address.starts_with(kUnix) && address.size() > kUnix.size()) continue;
    if (Status status = CheckAddress(address); !status.ok()) return status;
  }
  settings->listen = values;
  return OkStatus();
}

Status SetAdmin(const std::string& value, Settings* settings) {
  const bool off = value.empty() || value == "off";
  if (!off) {
    if (Status status = CheckAddress(value); !status.ok()) return status;
  }
  settings->admin = off ? "" : value;
  return OkStatus();
}

Status SetTransport(const std::string& value, Settings* settings) {
  std::string known;
  for (const std::string& name : KnownTransports()) {
    if (name == value) {
      settings->transport = value;
      return OkStatus();
    }
    known += (known.empty() ? "" : ", ") + name;
  }
  return InvalidArgumentError("there is no transport '" + value + "'; there is " + known);
}

Status SetLevel(const std::string& value, Settings* settings) {
  if (ParseLogLevel(value, &settings->log_level)) return OkStatus();
  return InvalidArgumentError("'" + value + "' is none of debug, info, warn, error, off");
}

}  // namespace

const std::vector<std::string>& KnownTransports() {
  static const auto& names = *new std::vector<std::string>{"native", "grpcpp"};
  return names;
}

void AddSettings(Options& options, Settings* settings) {
  options.Add({.name = "listen", .value_name = "HOST:PORT",
               .help = "where calls are served; port 0 picks a free one; on native also unix:PATH",
               .default_text = settings->listen.front(), .repeatable = true,
               .set = [=](const auto& values) { return SetListen(values, settings); }});
  options.Add({.name = "admin", .value_name = "HOST:PORT", .help = "where /metrics, /healthz and /readyz are served; 'off' serves none",
               .default_text = settings->admin, .set = [=](const auto& values) { return SetAdmin(values.front(), settings); }});
  options.Add({.name = "transport", .value_name = "NAME", .help = "what turns bytes into calls", .default_text = settings->transport,
               .set = [=](const auto& values) { return SetTransport(values.front(), settings); }});
  options.Add("workers", &settings->workers, 0, 1024, "worker threads; 0: as many as cores, at least 2");
  options.Add("worker-queue", &settings->worker_queue, 1, 1 << 20, "jobs that may wait for a worker; more are refused");
  options.Add("notice", &settings->notice, std::chrono::hours(1), "how long after SIGTERM calls are still taken while any come");
  options.Add("grace", &settings->grace, std::chrono::hours(1), "how long running calls may go on after that");
  options.Add({.name = "log-level", .value_name = "LEVEL", .help = "the least level that is logged: debug, info, warn, error, off",
               .default_text = "info", .set = [=](const auto& values) { return SetLevel(values.front(), settings); }});
  options.Add("max-message-bytes", &settings->max_message_bytes, 1, int64_t{1} << 31, "the largest message that is taken");
  options.Add("max-concurrent-calls", &settings->max_concurrent_calls, 1, 1 << 24, "calls at once; more are refused");
  options.Add("keepalive-time", &settings->keepalive_time, std::chrono::hours(1 << 20), "a silent peer is asked for a sign of life after this; 0: never");
  options.Add("keepalive-timeout", &settings->keepalive_timeout, std::chrono::hours(1 << 20), "and its connection closed when none comes for this");
  options.Add("min-ping-interval", &settings->min_ping_interval, std::chrono::hours(1 << 20), "a peer that asks more often while it gets nothing is told to go");
  options.Add("pings-without-calls", &settings->pings_without_calls, "a peer may ask as often while it has no call");
  options.Add("handshake-timeout", &settings->handshake_timeout, std::chrono::hours(1 << 20),
              "what a peer gets to say that it speaks HTTP/2, and for each header block; 0: any time");
  options.Add("max-connection-idle", &settings->max_connection_idle, std::chrono::hours(1 << 20), "a connection without calls for this is ended; 0: never");
  options.Add("max-connection-age", &settings->max_connection_age, std::chrono::hours(1 << 20), "a connection this old, give or take a tenth, is ended; 0: never");
  options.Add("max-connection-age-grace", &settings->max_connection_age_grace, std::chrono::hours(1 << 20), "how long its calls may go on then; 0: for ever");
  options.Add("tls-cert", &settings->tls_cert, "PEM file of the certificate, with its chain; without it calls are in plain text");
  options.Add("tls-key", &settings->tls_key, "PEM file of the key of --tls-cert");
  options.Add("tls-ca", &settings->tls_ca, "PEM file of who signs certificates of clients; every client must then show one");
}

}  // namespace rota
