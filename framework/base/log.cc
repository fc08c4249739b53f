#include "framework/base/log.h"

#include <atomic>
#include <charconv>
#include <chrono>
#include <memory>
#include <mutex>

#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace rota {
namespace {

constexpr std::string_view kLevelNames[] = {"debug", "info", "warn", "error", "off"};

std::atomic<LogLevel> g_level{LogLevel::kInfo};
std::atomic<LogContextFunction> g_context{nullptr};

// The line is built here; spdlog gives the time, the sink and its lock. Never destroyed, so that threads which
// outlive main can still log.
spdlog::logger& Sink() {
  static auto& logger = *[] {
    auto* made = new spdlog::logger("rota", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("time=%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc);
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return logger;
}

bool NeedsQuotes(std::string_view text) {
  if (text.empty()) return true;
  for (const unsigned char c : text) {
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) return true;
  }
  return false;
}

void AppendQuoted(std::string* line, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  line->push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line->push_back('\\');
      line->push_back(c);
    } else if (c == '\n') {
      line->append("\\n");
    } else if (byte < 0x20 || byte == 0x7f) {
      line->append("\\x");
      line->push_back(kHex[byte >> 4]);
      line->push_back(kHex[byte & 15]);
    } else {
      line->push_back(c);
    }
  }
  line->push_back('"');
}

}  // namespace

void AppendLogField(std::string* line, const LogField& field) {
  line->push_back(' ');
  line->append(field.key);
  line->push_back('=');
  if (field.is_number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, field.number).ptr;
    line->append(digits, end);
  } else if (NeedsQuotes(field.text)) {
    AppendQuoted(line, field.text);
  } else {
    line->append(field.text);
  }
}

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!LogEnabled(level)) return;
  std::string line = "level=";
  line.append(kLevelNames[static_cast<size_t>(level)]);
  AppendLogField(&line, {"event", event});
  for (const LogField& field : fields) AppendLogField(&line, field);
  if (const LogContextFunction append = g_context.load(std::memory_order_acquire)) append(&line);
  Sink().log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

bool LogEnabled(LogLevel level) {
  return level != LogLevel::kOff && level >= g_level.load(std::memory_order_relaxed);
}

void SetLogLevel(LogLevel level) { g_level.store(level, std::memory_order_relaxed); }

bool ParseLogLevel(std::string_view name, LogLevel* level) {
  for (size_t i = 0; i < std::size(kLevelNames); ++i) {
    if (kLevelNames[i] == name) {
      *level = static_cast<LogLevel>(i);
      return true;
    }
  }
  return false;
}

void SetLogContext(LogContextFunction append) { g_context.store(append, std::memory_order_release); }

}  // namespace rota
