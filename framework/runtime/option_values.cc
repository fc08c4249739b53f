#include <charconv>
#include <chrono>
#include <utility>

#include "framework/runtime/options.h"

// The settings of simple types: how their text becomes a value, and what is said when it does not.
namespace rota {
namespace {

std::string Quoted(const std::string& text) { return "'" + text + "'"; }

std::string SecondsText(Duration duration) {
  std::string text = std::to_string(std::chrono::duration<double>(duration).count());
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

// True when all of `text` is one number.
template <typename Number, typename... Format>
bool ParseNumber(const std::string& text, Number* number, Format... format) {
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, *number, format...);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

Status SetInteger(const std::string& text, int64_t least, int64_t most, int64_t* value) {
  int64_t number = 0;
  if (!ParseNumber(text, &number) || number < least || number > most) {
    return InvalidArgumentError(Quoted(text) + " is not a whole number from " + std::to_string(least) + " to " +
                                std::to_string(most));
  }
  *value = number;
  return OkStatus();
}

Status SetBool(const std::string& text, bool* value) {
  if (text != "true" && text != "false") return InvalidArgumentError(Quoted(text) + " is neither true nor false");
  *value = text == "true";
  return OkStatus();
}

Status SetDuration(const std::string& text, Duration most, Duration* value) {
  double seconds = 0;
  const bool number = ParseNumber(text, &seconds, std::chars_format::fixed);
  // Written so that not-a-number fails it too.
  const bool in_range = seconds >= 0 && seconds <= std::chrono::duration<double>(most).count();
  if (!number || !in_range) {
    return InvalidArgumentError(Quoted(text) + " is not a number of seconds from 0 to " + SecondsText(most));
  }
  *value = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  return OkStatus();
}

}  // namespace

void Options::Add(std::string name, std::string* value, std::string help, bool required) {
  Setter set = [value](const auto& values) {
    *value = values.front();
    return OkStatus();
  };
  Add({.name = std::move(name), .value_name = "TEXT", .help = std::move(help), .default_text = *value, .required = required,
       .set = std::move(set)});
}

void Options::Add(std::string name, int64_t* value, int64_t least, int64_t most, std::string help) {
  Setter set = [=](const auto& values) { return SetInteger(values.front(), least, most, value); };
  Add({.name = std::move(name), .value_name = "N", .help = std::move(help), .default_text = std::to_string(*value),
       .set = std::move(set)});
}

void Options::Add(std::string name, bool* value, std::string help) {
  Setter set = [value](const auto& values) { return SetBool(values.front(), value); };
  Add({.name = std::move(name), .value_name = "", .help = std::move(help), .default_text = "", .set = std::move(set)});
}

void Options::Add(std::string name, Duration* value, Duration most, std::string help) {
  Setter set = [=](const auto& values) { return SetDuration(values.front(), most, value); };
  Add({.name = std::move(name), .value_name = "SECONDS", .help = std::move(help), .default_text = SecondsText(*value),
       .set = std::move(set)});
}

}  // namespace rota
