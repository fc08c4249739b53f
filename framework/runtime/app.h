#ifndef ROTA_RUNTIME_APP_H_
#define ROTA_RUNTIME_APP_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "framework/actor/actor_kind.h"
#include "framework/base/callback.h"
#include "framework/base/clock.h"
#include "framework/base/status.h"
#include "framework/base/status_or.h"
#include "framework/rpc/method_table.h"

namespace rota {

// How the actors of one service are run; see KindOptions for what each field bounds.
struct ServeOptions {
  // The kind under which other actors find them. Empty: the full name of the service.
  std::string kind = {};
  size_t mailbox_capacity = 1024;
  size_t max_actors = 100000;
  bool interleave = false;
  size_t max_interleaved_turns = 10000;
  Duration idle_timeout = Duration::zero();
  RestartPolicy restart = {};
};

// A program that serves actors over gRPC:
//
//     int main(int argc, char** argv) { return rota::App("files").Serve<Files>().Main(argc, argv); }
//
// With settings of its own (a flag --root, also ROTA_ROOT and `root` in the file of --config):
//
//     std::string root;
//     rota::App app("files");
//     app.Flag("root", &root, "folder that is served", rota::App::kRequired);
//     app.OnStart([&] { return CheckFolder(root); });
//     app.Serve<Files>(std::ref(root));
//     return app.Main(argc, argv);
//
// `--help` lists what every service understands. Health and reflection are served besides. SIGTERM and SIGINT drain:
// /readyz and health say no at once; calls are still taken in for at most --notice, while any come; then running calls
// finish within --grace and the rest end with UNAVAILABLE. A second signal ends the process at once.
// Thread: the main thread, which becomes the loop thread.
// Errors: exit code 0 after a drain and after --help; 1 when the start failed or an exception reached the loop, with a line
//         event=start_failed or event=uncaught_exception that says why; 2 for a wrong option, with a sentence on stderr;
//         128 + N when a second signal N came, or actors did not stop in time.
class App {
 public:
  static constexpr bool kRequired = true;

  // `name` is that of the service in logs; `summary` begins the help.
  explicit App(std::string name, std::string summary = {});
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Adds an option "--name". `value` holds the default and must outlive Main().
  App& Flag(std::string name, std::string* value, std::string help, bool required = false);
  App& Flag(std::string name, int64_t* value, std::string help);
  App& Flag(std::string name, bool* value, std::string help);
  App& Flag(std::string name, Duration* value, std::string help);

  // Runs once the options are known and before anything listens, in the order of the calls; an error ends the program.
  App& OnStart(UniqueFunction<Status()> start);

  // Serves the service whose generated class A derives from. Each actor gets its own copies of `args`; std::ref() hands on
  // a reference instead, which must outlive Main() and is read when the actor starts.
  template <std::derived_from<Actor> A, typename... Args>
  App& Serve(ServeOptions options, Args&&... args) {
    auto factory = [arguments = std::make_tuple(std::forward<Args>(args)...)](const std::string&) -> std::unique_ptr<Actor> {
      return std::apply([](auto&... argument) { return std::make_unique<A>(argument...); }, arguments);
    };
    return Add(A::Table(), std::move(options), std::move(factory));
  }
  template <std::derived_from<Actor> A, typename... Args>
    requires(!(std::same_as<std::remove_cvref_t<Args>, ServeOptions> || ...))
  App& Serve(Args&&... args) {
    return Serve<A>(ServeOptions(), std::forward<Args>(args)...);
  }

  // Serves until it is told to stop; returns the exit code of the process. Once.
  int Main(int argc, const char* const* argv);

 private:
  struct State;
  using Factory = UniqueFunction<std::unique_ptr<Actor>(const std::string& key)>;

  App& Add(const ServiceTable& table, ServeOptions options, Factory factory);
  // The exit code, or why it did not start.
  StatusOr<int> Run();

  const std::unique_ptr<State> state_;
};

}  // namespace rota

#endif  // ROTA_RUNTIME_APP_H_
