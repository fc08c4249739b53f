// Prints the traces of scenarios as Rota's loop runs them; README.md tells of both.

#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "framework/loop/compatibility.h"
#include "tests/conformance/nodediff/scenario.h"

namespace rota::nodediff {
namespace {

constexpr char kUsage[] =
    "usage: scenario_runner [--clock=manual|real] [--way=node|rota] [--jsonl] FILE...\n"
    "Prints the trace of each scenario; `-` is the standard input. With --jsonl each line of a file is a scenario. Where there\n"
    "may be more than one, a line `---` ends each trace.\n";

struct Options {
  ScenarioClock clock = ScenarioClock::kManual;
  Compatibility way = Compatibility::kNode;
  bool jsonl = false;
  std::vector<std::string> files;
};

bool Parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--clock=manual" || argument == "--clock=real") {
      options.clock = argument == "--clock=real" ? ScenarioClock::kReal : ScenarioClock::kManual;
    } else if (argument == "--way=node" || argument == "--way=rota") {
      options.way = argument == "--way=node" ? Compatibility::kNode : Compatibility::kRota;
    } else if (argument == "--jsonl") {
      options.jsonl = true;
    } else if (argument.size() > 1 && argument[0] == '-') {
      std::cerr << "scenario_runner: unknown option '" << argument << "'\n" << kUsage;
      return false;
    } else {
      options.files.push_back(argument);
    }
  }
  if (options.files.empty()) std::cerr << kUsage;
  return !options.files.empty();
}

// `bazel run` starts programs elsewhere and says where it was called.
std::string PathOf(const std::string& file) {
  const char* const folder = std::getenv("BUILD_WORKING_DIRECTORY");
  return folder == nullptr || file[0] == '/' ? file : std::string(folder) + "/" + file;
}

void RunAll(std::istream& input, const Options& options) {
  const bool ended_by_line = options.jsonl || options.files.size() > 1;
  const auto run = [&](const std::string& text) {
    std::cout << RunScenario(nlohmann::json::parse(text), options.clock, options.way);
    if (ended_by_line) std::cout << "---\n";
    std::cout.flush();
  };
  if (!options.jsonl) return run(std::string(std::istreambuf_iterator<char>(input), {}));
  for (std::string line; std::getline(input, line);) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) run(line);
  }
}

int Main(int argc, char** argv) {
  Options options;
  if (!Parse(argc, argv, options)) return 2;
  for (const std::string& file : options.files) {
    try {
      if (file == "-") {
        RunAll(std::cin, options);
        continue;
      }
      std::ifstream input(PathOf(file));
      if (!input) throw std::runtime_error("cannot be read");
      RunAll(input, options);
    } catch (const std::exception& error) {
      std::cerr << "scenario_runner: " << file << ": " << error.what() << "\n";
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace rota::nodediff

int main(int argc, char** argv) { return rota::nodediff::Main(argc, argv); }
