#ifndef TESTS_FRAMEWORK_RUNTIME_SERVICE_PROCESS_H_
#define TESTS_FRAMEWORK_RUNTIME_SERVICE_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace rota {

// A program that runs beside the test. Every wait ends after kLimit, and the destructor kills what still runs.
// Thread: any; one at a time.
class ServiceProcess {
 public:
  static constexpr std::chrono::seconds kLimit{60};

  // Starts `binary` with these arguments and, besides its own, these variables ("NAME=VALUE").
  ServiceProcess(const std::string& binary, std::vector<std::string> arguments, std::vector<std::string> environment = {});
  ~ServiceProcess();
  ServiceProcess(const ServiceProcess&) = delete;

  // Waits until a line of its stderr holds `text`; returns the line, or "" when the program ended or time was up first.
  std::string WaitForLine(const std::string& text);
  // HOST:PORT of the endpoint "grpc" or "admin".
  std::string Address(const std::string& endpoint);
  void Signal(int number);
  // Minus one when it has ended.
  pid_t pid() const { return pid_; }
  // Waits for the end: the exit code, or minus the number of the signal that ended it.
  int Wait();
  // All that it wrote to stderr so far; after Wait(): all.
  std::string log();
  // All that it wrote to stdout. After Wait().
  std::string output();

 private:
  void ReadLog();

  pid_t pid_ = -1;
  int exit_code_ = 0;
  int log_fd_ = -1;
  int output_fd_ = -1;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string log_;     // Guarded by mutex_.
  bool ended_ = false;  // Guarded by mutex_.
  std::thread reader_;
};

// GET http://`address``target`: the whole answer, or "" when there is none.
std::string HttpGet(const std::string& address, const std::string& target);

}  // namespace rota

#endif  // TESTS_FRAMEWORK_RUNTIME_SERVICE_PROCESS_H_
