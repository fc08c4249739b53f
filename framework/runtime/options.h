#ifndef ROTA_RUNTIME_OPTIONS_H_
#define ROTA_RUNTIME_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "framework/base/callback.h"
#include "framework/base/clock.h"
#include "framework/base/status.h"
#include "framework/base/status_or.h"

namespace rota {

// The settings of a program. Each is declared once, under a name such as "max-message-bytes", and is taken from the first
// of these that has it:
//
//     --max-message-bytes=N                the command line
//     ROTA_MAX_MESSAGE_BYTES=N             the environment; a list is separated by commas
//     max-message-bytes = N                the file of --config FILE: TOML without sections
//     what the variable holds already      the default
//
// Thread: the one that owns it.
// Errors: Parse() returns INVALID_ARGUMENT with a sentence that names the setting and where its value came from.
class Options {
 public:
  // Takes the values of one setting; the error says what is wrong with them, without the name.
  using Setter = UniqueFunction<Status(const std::vector<std::string>& values)>;
  struct Setting {
    std::string name;
    std::string value_name;    // "HOST:PORT"; empty: a switch, which may stand without a value
    std::string help;          // what it means, on one line
    std::string default_text;  // for the help
    bool required = false;
    bool repeatable = false;
    Setter set;
  };
  // Reads a variable of the environment; null when it is not set.
  using Environment = std::function<const char*(const char* name)>;

  // `program` and `summary` begin the help.
  Options(std::string program, std::string summary);
  ~Options();

  // Declares a setting. A name that is taken or malformed breaks an invariant. What the setter refers to must outlive
  // Parse().
  void Add(Setting setting);
  void Add(std::string name, std::string* value, std::string help, bool required = false);
  void Add(std::string name, int64_t* value, int64_t least, int64_t most, std::string help);
  void Add(std::string name, bool* value, std::string help);
  // Seconds, with a fraction if need be.
  void Add(std::string name, Duration* value, Duration most, std::string help);

  // Sets everything. Returns the text of --help when that was asked for, and sets nothing then.
  StatusOr<std::optional<std::string>> Parse(int argc, const char* const* argv, const Environment& environment);

 private:
  class CommandLine;
  class File;

  const std::string program_;
  const std::string summary_;
  std::vector<Setting> settings_;
};

// "max-message-bytes" -> "ROTA_MAX_MESSAGE_BYTES".
std::string EnvironmentName(const std::string& setting);

}  // namespace rota

#endif  // ROTA_RUNTIME_OPTIONS_H_
