#include "framework/runtime/options.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "framework/base/check.h"

namespace rota {
namespace {

constexpr char kConfig[] = "config";

std::string Quoted(const std::string& text) { return "'" + text + "'"; }

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  return parts;
}

bool IsName(const std::string& name) {
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
         std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace

std::string EnvironmentName(const std::string& setting) {
  std::string name = "ROTA_";
  for (const char c : setting) name.push_back(c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c));
  return name;
}

// What stands on the command line, read by CLI11.
class Options::CommandLine {
 public:
  CommandLine(const Options& options) : app_(options.summary_, options.program_) {
    app_.set_help_flag("--help", "this text");
    Declare(kConfig, "FILE", "a file with settings: lines of name = value");
    for (const Setting& setting : options.settings_) {
      std::string help = setting.help;
      if (setting.repeatable) help += "; may be repeated";
      if (setting.required) help += "; required";
      if (!setting.default_text.empty()) help += " [" + setting.default_text + "]";
      Declare(setting.name, setting.value_name, help);
    }
    app_.footer("Each setting may also come from the environment (ROTA_ and its name in capitals, as in ROTA_LOG_LEVEL) or\n"
                "from the file of --config, with less precedence than the command line.");
    app_.allow_extras();
  }

  Status Parse(int argc, const char* const* argv) {
    // CLI11 takes the arguments last first.
    std::vector<std::string> arguments;
    for (int i = argc - 1; i > 0; --i) AddReversed(argv[i], arguments);
    try {
      app_.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
      help_ = true;
    } catch (const CLI::ParseError& error) {
      return InvalidArgumentError(std::string(error.what()) + " (--help lists the options)");
    }
    if (help_) return OkStatus();
    const std::vector<std::string> extras = app_.remaining();
    if (extras.empty()) return OkStatus();
    const bool option = extras.front().starts_with("-") && extras.front() != "-";
    return InvalidArgumentError((option ? "there is no option " : "there is nothing to do with the argument ") +
                                Quoted(extras.front()) + " (--help lists the options)");
  }

  std::vector<std::string> Values(const std::string& name) const { return options_.at(name)->results(); }
  bool help_requested() const { return help_; }
  std::string Help() const { return app_.help(); }

 private:
  void Declare(const std::string& name, const std::string& value_name, const std::string& help) {
    CLI::Option*& option = options_[name];
    if (value_name.empty()) {
      option = app_.add_flag_function("--" + name, [](int64_t) {}, help);
      return;
    }
    option = app_.add_option("--" + name, [](const CLI::results_t&) { return true; }, help);
    // Each mention takes one word, and all mentions are kept: how many there may be is for Parse() to say.
    option->type_name(value_name)->type_size(1)->expected(1)->allow_extra_args(false);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  // "--name=" is a setting with an empty value; CLI11 would take the next argument for it.
  static void AddReversed(const std::string& argument, std::vector<std::string>& arguments) {
    const bool empty_value = argument.size() > 3 && argument.starts_with("--") && argument.find('=') == argument.size() - 1;
    if (empty_value) arguments.push_back("");
    arguments.push_back(empty_value ? argument.substr(0, argument.size() - 1) : argument);
  }

  CLI::App app_;
  std::map<std::string, CLI::Option*> options_;
  bool help_ = false;
};

// The file of --config, read by CLI11.
class Options::File {
 public:
  static StatusOr<File> Read(const std::string& path) {
    std::ifstream stream(path);
    if (!stream) return ErrnoToStatus(errno, "cannot open " + Quoted(path));
    File file;
    file.path_ = path;
    try {
      for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_config(stream)) {
        if (item.name == "++" || item.name == "--") continue;  // the begin and the end of a section
        file.values_[item.fullname()] = item.inputs;
      }
    } catch (const CLI::Error& error) {
      return InvalidArgumentError(Quoted(path) + ": " + error.what());
    }
    if (stream.bad()) return InvalidArgumentError("cannot read " + Quoted(path));
    return file;
  }

  Status CheckNames(const std::set<std::string>& known) const {
    for (const auto& [name, values] : values_) {
      if (!known.contains(name)) return InvalidArgumentError(path_ + ": there is no setting " + Quoted(name));
    }
    return OkStatus();
  }
  const std::vector<std::string>* Values(const std::string& name) const {
    const auto it = values_.find(name);
    return it == values_.end() ? nullptr : &it->second;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::map<std::string, std::vector<std::string>> values_;
};

Options::Options(std::string program, std::string summary) : program_(std::move(program)), summary_(std::move(summary)) {}
Options::~Options() = default;

void Options::Add(Setting setting) {
  ROTA_CHECK(IsName(setting.name), "the name of an option has lower-case letters, digits and hyphens only: " + Quoted(setting.name));
  bool taken = setting.name == kConfig || setting.name == "help";
  for (const Setting& other : settings_) taken = taken || other.name == setting.name;
  ROTA_CHECK(!taken, "there are two options --" + setting.name);
  settings_.push_back(std::move(setting));
}

StatusOr<std::optional<std::string>> Options::Parse(int argc, const char* const* argv, const Environment& environment) {
  CommandLine line(*this);
  ROTA_RETURN_IF_ERROR(line.Parse(argc, argv));
  if (line.help_requested()) return std::optional<std::string>(line.Help());

  File file;
  std::string path;
  if (const char* value = environment(EnvironmentName(kConfig).c_str())) path = value;
  if (const std::vector<std::string> paths = line.Values(kConfig); !paths.empty()) path = paths.back();
  if (!path.empty()) {
    StatusOr<File> read = File::Read(path);
    if (!read.ok()) return read.status();
    file = *std::move(read);
    std::set<std::string> known;
    for (const Setting& setting : settings_) known.insert(setting.name);
    ROTA_RETURN_IF_ERROR(file.CheckNames(known));
  }

  for (Setting& setting : settings_) {
    std::string source = "--" + setting.name;
    std::vector<std::string> values = line.Values(setting.name);
    if (values.empty()) {
      if (const char* value = environment(EnvironmentName(setting.name).c_str())) {
        source = EnvironmentName(setting.name);
        values = setting.repeatable ? SplitAtCommas(value) : std::vector<std::string>{value};
      } else if (const std::vector<std::string>* from_file = file.Values(setting.name)) {
        source = file.path() + ": " + setting.name;
        values = from_file->empty() ? std::vector<std::string>{""} : *from_file;
      } else if (setting.required) {
        return InvalidArgumentError(source + " is required: " + setting.help);
      } else {
        continue;
      }
    }
    if (values.size() > 1 && !setting.repeatable) {
      return InvalidArgumentError(source + ": takes one value, but got " + std::to_string(values.size()));
    }
    ROTA_RETURN_IF_ERROR(setting.set(values).WithPrefix(source));
  }
  return std::optional<std::string>();
}

}  // namespace rota
