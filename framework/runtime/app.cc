#include "framework/runtime/app.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include "framework/base/log.h"
#include "framework/base/status_or.h"
#include "framework/context/log_context.h"
#include "framework/runtime/options.h"
#include "framework/runtime/process.h"
#include "framework/runtime/settings.h"

namespace rota {

struct App::State {
  explicit State(std::string app_name, std::string summary) : name(std::move(app_name)), options(name, std::move(summary)) {
    AddSettings(options, &settings);
  }

  const std::string name;
  Settings settings;
  Options options;
  std::vector<UniqueFunction<Status()>> on_start;
  std::vector<ServedService> services;
};

namespace {

constexpr int kStarted = 0;
constexpr int kStartFailed = 1;
constexpr int kWrongOption = 2;

int StartFailed(const std::string& service, std::string_view reason) {
  Log(LogLevel::kError, "start_failed", {{"service", service}, {"reason", reason}});
  return kStartFailed;
}

}  // namespace

App::App(std::string name, std::string summary) : state_(std::make_unique<State>(std::move(name), std::move(summary))) {}
App::~App() = default;

App& App::Flag(std::string name, std::string* value, std::string help, bool required) {
  state_->options.Add(std::move(name), value, std::move(help), required);
  return *this;
}

App& App::Flag(std::string name, int64_t* value, std::string help) {
  state_->options.Add(std::move(name), value, INT64_MIN, INT64_MAX, std::move(help));
  return *this;
}

App& App::Flag(std::string name, bool* value, std::string help) {
  state_->options.Add(std::move(name), value, std::move(help));
  return *this;
}

App& App::Flag(std::string name, Duration* value, std::string help) {
  state_->options.Add(std::move(name), value, std::chrono::hours(24 * 365), std::move(help));
  return *this;
}

App& App::OnStart(UniqueFunction<Status()> start) {
  state_->on_start.push_back(std::move(start));
  return *this;
}

App& App::Add(const ServiceTable& table, ServeOptions options, Factory factory) {
  KindOptions kind;
  kind.name = options.kind.empty() ? std::string(table.name) : std::move(options.kind);
  kind.factory = std::move(factory);
  kind.mailbox_capacity = options.mailbox_capacity;
  kind.max_actors = options.max_actors;
  kind.interleave = options.interleave;
  kind.max_interleaved_turns = options.max_interleaved_turns;
  kind.idle_timeout = options.idle_timeout;
  kind.restart = options.restart;
  state_->services.push_back({&table, std::move(kind)});
  return *this;
}

StatusOr<int> App::Run() {
  for (auto& start : state_->on_start) ROTA_RETURN_IF_ERROR(start());
  Process process(state_->name, state_->settings);
  ROTA_RETURN_IF_ERROR(process.Start(std::move(state_->services)));
  return process.Run();
}

int App::Main(int argc, const char* const* argv) {
  const auto help = state_->options.Parse(argc, argv, [](const char* name) -> const char* { return std::getenv(name); });
  if (!help.ok()) {
    std::fprintf(stderr, "%s: %s\n", state_->name.c_str(), std::string(help.status().message()).c_str());
    return kWrongOption;
  }
  if (*help) {
    std::fputs((*help)->c_str(), stdout);
    return kStarted;
  }
  SetLogLevel(state_->settings.log_level);
  InstallLogContext();
  // A peer that goes away is an error of one write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    const StatusOr<int> code = Run();
    if (!code.ok()) return StartFailed(state_->name, code.status().ToString());
    Log(LogLevel::kInfo, "stopped", {{"service", state_->name}, {"code", *code}});
    return *code;
  } catch (const std::exception& exception) {
    return StartFailed(state_->name, exception.what());
  }
}

}  // namespace rota
