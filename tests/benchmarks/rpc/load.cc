// The load that h2load cannot make: streams, a fixed rate, a connection per call, idle connections. Prints one JSON object.
//
//     load check   ADDRESS                   one call of each kind, with its answers compared; ends with 1 when one is wrong
//     load rate    ADDRESS --rate=R          unary calls at a fixed rate, told apart by whether they ask for a slow answer
//     load stream  ADDRESS --method=M        messages of streams that stay open
//     load connect ADDRESS                   a fresh connection for each call
//     load idle    ADDRESS                   opens connections, says "ready", closes them when its input ends
//
// Flags: --connections=N --streams=N (for each connection) --seconds=N --calls=N --bytes=N --window=N (messages ahead of
// their answers) --slow-percent=N --pid=N (of the server: its processor time is told) --pause-ms=N (for `rate`: in the middle of
// its time the process --pid is stopped for so long). Every answer is compared with what was asked for, or the program ends with 1.

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "tests/benchmarks/rpc/load_parts.h"

namespace benchmarks {
namespace {

int Main(int argc, char** argv) {
  Flags flags;
  std::map<std::string, int*> numbers = {{"connections", &flags.connections}, {"streams", &flags.streams}, {"seconds", &flags.seconds},
                                         {"calls", &flags.calls},             {"bytes", &flags.bytes},     {"window", &flags.window},
                                         {"slow-percent", &flags.slow_percent}, {"pid", &flags.pid},
                                         {"pause-ms", &flags.pause_ms}};
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const size_t equals = word.find('=');
    if (word.rfind("--", 0) != 0 || equals == std::string::npos) {
      words.push_back(word);
      continue;
    }
    const std::string name = word.substr(2, equals - 2), value = word.substr(equals + 1);
    if (name == "method") {
      flags.method = value;
    } else if (name == "rate") {
      flags.rate = std::atof(value.c_str());
    } else if (const auto it = numbers.find(name); it != numbers.end()) {
      *it->second = std::atoi(value.c_str());
    } else {
      Fail("unknown flag --" + name);
    }
  }
  if (words.size() != 2) Fail("usage: load check|rate|stream|connect|idle HOST:PORT [FLAGS]");
  flags.mode = words[0];
  flags.address = words[1];
  if (flags.mode == "check") return Check(flags);
  if (flags.mode == "rate") return Rate(flags);
  if (flags.mode == "stream") return Stream(flags);
  if (flags.mode == "connect") return Connect(flags);
  if (flags.mode == "idle") return Idle(flags);
  Fail("there is no mode '" + flags.mode + "'");
}

}  // namespace
}  // namespace benchmarks

int main(int argc, char** argv) { return benchmarks::Main(argc, argv); }
