#ifndef ROTA_BASE_LOG_H_
#define ROTA_BASE_LOG_H_

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace rota {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarn, kError, kOff };

// One key=value of a log line. Holds views: build it in the call of Log() only.
class LogField {
 public:
  LogField(std::string_view key, std::string_view text) : key(key), text(text) {}
  LogField(std::string_view key, const char* text) : key(key), text(text) {}
  LogField(std::string_view key, const std::string& text) : key(key), text(text) {}
  LogField(std::string_view key, bool value) : key(key), text(value ? "true" : "false") {}
  template <std::integral Number>
  LogField(std::string_view key, Number value) : key(key), number(static_cast<int64_t>(value)), is_number(true) {}

  std::string_view key;
  std::string_view text;
  int64_t number = 0;
  bool is_number = false;
};

// Writes one line "time=... level=... event=... key=value ..." to stderr; a value with a space, a quote or a
// control character is quoted and escaped, so one event is always one line. When the calling thread works for a
// request, the context layer adds request_id (see SetLogContext).
// Thread: any; lines never mix. Blocks for the write to stderr only.
void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

// True if a line of `level` would be written: test it before costly fields.
bool LogEnabled(LogLevel level);
// Drops lines below `level`; the default is kInfo. Thread: any.
void SetLogLevel(LogLevel level);
// "debug", "info", "warn", "error", "off" to a level; false when `name` is none of them.
bool ParseLogLevel(std::string_view name, LogLevel* level);

// Gives every line the fields of the request that the calling thread works for. `append` adds " key=value" pairs to
// the line; it is set once, before threads start, by the context layer. Null turns it off.
using LogContextFunction = void (*)(std::string* line);
void SetLogContext(LogContextFunction append);

// Appends " key=value", quoted where needed. For LogContextFunction.
void AppendLogField(std::string* line, const LogField& field);

}  // namespace rota

#endif  // ROTA_BASE_LOG_H_
