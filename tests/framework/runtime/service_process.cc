#include "tests/framework/runtime/service_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace rota {

ServiceProcess::ServiceProcess(const std::string& binary, std::vector<std::string> arguments, std::vector<std::string> environment) {
  arguments.insert(arguments.begin(), binary);
  for (char** variable = environ; *variable != nullptr; ++variable) environment.emplace_back(*variable);
  std::vector<char*> argv, env;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  for (std::string& variable : environment) env.push_back(variable.data());
  argv.push_back(nullptr);
  env.push_back(nullptr);

  int log_pipe[2], output_pipe[2];
  if (pipe2(log_pipe, O_CLOEXEC) != 0 || pipe2(output_pipe, O_CLOEXEC) != 0) return;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output_pipe[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, log_pipe[1], STDERR_FILENO);
  const int error = posix_spawn(&pid_, binary.c_str(), &actions, nullptr, argv.data(), env.data());
  posix_spawn_file_actions_destroy(&actions);
  close(log_pipe[1]);
  close(output_pipe[1]);
  log_fd_ = log_pipe[0];
  output_fd_ = output_pipe[0];
  EXPECT_EQ(error, 0) << binary;
  if (error != 0) pid_ = -1;
  reader_ = std::thread([this] { ReadLog(); });
}

ServiceProcess::~ServiceProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (reader_.joinable()) reader_.join();
  close(log_fd_);
  close(output_fd_);
}

void ServiceProcess::ReadLog() {
  char bytes[4096];
  for (ssize_t n; (n = read(log_fd_, bytes, sizeof(bytes))) > 0;) {
    const std::lock_guard lock(mutex_);
    log_.append(bytes, static_cast<size_t>(n));
    changed_.notify_all();
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

std::string ServiceProcess::WaitForLine(const std::string& text) {
  std::unique_lock lock(mutex_);
  std::string line;
  changed_.wait_for(lock, kLimit, [&] {
    const size_t at = log_.find(text);
    const size_t end = at == std::string::npos ? at : log_.find('\n', at);
    if (end == std::string::npos) return ended_;
    const size_t begin = log_.rfind('\n', at) + 1;
    line = log_.substr(begin, end - begin);
    return true;
  });
  return line;
}

std::string ServiceProcess::Address(const std::string& endpoint) {
  const std::string line = WaitForLine("endpoint=" + endpoint + " ");
  const size_t at = line.find("address=");
  EXPECT_NE(at, std::string::npos) << "no endpoint '" << endpoint << "' in the log:\n" << log();
  return at == std::string::npos ? "" : line.substr(at + 8, line.find(' ', at) - at - 8);
}

void ServiceProcess::Signal(int number) {
  if (pid_ > 0) kill(pid_, number);
}

int ServiceProcess::Wait() {
  if (pid_ <= 0) return exit_code_;
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd ended{.fd = fd, .events = POLLIN, .revents = 0};
  const int ready = poll(&ended, 1, static_cast<int>(std::chrono::milliseconds(kLimit).count()));
  close(fd);
  EXPECT_EQ(ready, 1) << "it does not end; its log:\n" << log();
  if (ready != 1) kill(pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  if (reader_.joinable()) reader_.join();
  return exit_code_;
}

std::string ServiceProcess::log() {
  const std::lock_guard lock(mutex_);
  return log_;
}

std::string ServiceProcess::output() {
  std::string text;
  char bytes[4096];
  for (ssize_t n; (n = read(output_fd_, bytes, sizeof(bytes))) > 0;) text.append(bytes, static_cast<size_t>(n));
  return text;
}

std::string HttpGet(const std::string& address, const std::string& target) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{.tv_sec = ServiceProcess::kLimit.count(), .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string request = "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
  std::string answer;
  if (connect(fd, reinterpret_cast<sockaddr*>(&peer), sizeof(peer)) == 0 &&
      send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    char bytes[4096];
    for (ssize_t n; (n = recv(fd, bytes, sizeof(bytes), 0)) > 0;) answer.append(bytes, static_cast<size_t>(n));
  }
  close(fd);
  return answer;
}

}  // namespace rota
