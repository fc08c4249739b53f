#include "tests/benchmarks/rpc/load_parts.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <signal.h>

#include "grpc/testing/messages.pb.h"

namespace benchmarks {

using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;

void Fail(const std::string& what) {
  std::fprintf(stderr, "load: %s\n", what.c_str());
  std::exit(1);
}

std::string Request(int bytes, bool slow) {
  SimpleRequest request;
  request.mutable_payload()->set_body(std::string(static_cast<size_t>(bytes), 'x'));
  request.set_fill_server_id(slow);
  return Frame(request.SerializeAsString());
}

AnswerCheck::AnswerCheck(int bytes) : body_(static_cast<size_t>(bytes), 'x') {
  SimpleResponse usual;
  usual.mutable_payload()->set_body(body_);
  usual_ = usual.SerializeAsString();
}

bool AnswerCheck::IsRight(std::string_view message) const {
  if (message == usual_) return true;
  SimpleResponse response;
  return response.ParseFromArray(message.data(), static_cast<int>(message.size())) && response.payload().body() == body_;
}

std::string Percentiles::Json() {
  std::sort(values_.begin(), values_.end());
  return "{\"calls\": " + std::to_string(values_.size()) + ", \"p50_us\": " + At(0.5) + ", \"p99_us\": " + At(0.99) +
         ", \"p999_us\": " + At(0.999) + "}";
}

std::string Percentiles::P99() {
  std::sort(values_.begin(), values_.end());
  return At(0.99);
}

std::string Percentiles::At(double part) const {
  if (values_.empty()) return "null";
  const auto rank = static_cast<size_t>(std::ceil(part * static_cast<double>(values_.size())));
  return std::to_string(values_[std::max<size_t>(rank, 1) - 1]);
}

WindowedPercentiles::WindowedPercentiles(std::chrono::seconds duration, double rate)
    : windows_(std::max<size_t>(1, static_cast<size_t>(duration / kWindow))) {
  // Memory that grows meanwhile would hold up the load.
  const double seconds = std::chrono::duration<double>(kWindow).count();
  for (Percentiles& window : windows_) window.Reserve(static_cast<size_t>(rate * seconds * 1.1) + 100);
}

std::string WindowedPercentiles::Json() {
  Percentiles all;
  std::string each;
  for (Percentiles& window : windows_) {
    all.Add(window);
    each += (each.empty() ? "" : ", ") + window.P99();
  }
  std::string json = all.Json();
  json.insert(json.size() - 1, ", \"windows_p99_us\": [" + each + "]");
  return json;
}

bool SlowPattern::Next() {
  if (left_ == 0) {
    left_ = 100;
    slow_left_ = percent_;
  }
  // Knuth, The Art of Computer Programming, volume 2, 3.4.2, algorithm S: each choice of places is as likely as any other.
  const bool slow = static_cast<int>(random_() % static_cast<unsigned>(left_)) < slow_left_;
  --left_;
  if (slow) --slow_left_;
  return slow;
}

ProcessPause::ProcessPause(int pid, LoadClock::time_point from, std::chrono::milliseconds length)
    : pid_(pid), length_(length), state_(length.count() > 0 ? State::kBefore : State::kOver), until_(from) {
  // To kill(2) these are groups of processes.
  if (state_ == State::kBefore && pid <= 0) Fail("a pause needs the process that is to be stopped: --pid");
}

ProcessPause::~ProcessPause() {
  if (state_ == State::kStopped) Send(SIGCONT);
}

void ProcessPause::Step(LoadClock::time_point now) {
  if (state_ == State::kOver || now < until_) return;
  if (state_ == State::kBefore) {
    Send(SIGSTOP);
    state_ = State::kStopped;
    until_ = now + length_;
  } else {
    Send(SIGCONT);
    state_ = State::kOver;
  }
}

void ProcessPause::Send(int signal) const {
  if (kill(pid_, signal) != 0) Fail("there is no process " + std::to_string(pid_));
}

double CpuSecondsOf(int pid) {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    Fail("there is no process " + std::to_string(pid));
  }
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

Fleet::Fleet(const Flags& flags) {
  for (int i = 0; i < flags.connections; ++i) {
    connections_.push_back(std::make_unique<H2Connection>(flags.address));
    poll_.Add(*connections_.back());
    connections_.back()->Flush();
  }
}

void Fleet::FlushAll() {
  for (const auto& connection : connections_) connection->Flush();
}

void Fleet::Wait(int timeout_ms) {
  poll_.Wait(timeout_ms, [](H2Connection&) { Fail("a connection broke"); });
}

}  // namespace benchmarks
