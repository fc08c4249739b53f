#include "tests/benchmarks/loop/rota_work.h"

#include <sys/socket.h>

#include <chrono>

namespace rota::bench {

using std::chrono::milliseconds;

void ImmediateChain::Run(uint64_t count) {
  wanted_ += count;
  loop_.SetImmediate([this] { Next(); });
  loop_.Run();
  Check(ran_ == wanted_, "some immediates did not run");
}

void TickRounds::Run(uint64_t count) {
  wanted_ += count;
  loop_.SetImmediate([this] { Round(); });
  loop_.Run();
  Check(ran_ == wanted_, "some ticks did not run");
}

void FiringTimers::Run(uint64_t count) {
  wanted_ += count;
  for (uint64_t i = 0; i < count; ++i) {
    loop_.SetTimeout(milliseconds(FiringDelay(random_)), [this] { ++fired_; });
  }
  loop_.Run();
  Check(fired_ == wanted_, "some timers did not fire");
}

void EchoConnection::Echo() {
  const ssize_t size = recv(readiness_.fd(), buffer_.data(), buffer_.size(), 0);
  if (size == 0) return readiness_.Close();
  Check(size > 0, "a read failed");
  if (static_cast<size_t>(size) < buffer_.size()) readiness_.Drained();
  Check(send(readiness_.fd(), buffer_.data(), static_cast<size_t>(size), MSG_NOSIGNAL) == size, "a write was short");
  echoed_.Add(static_cast<size_t>(size));
  Wait();
}

}  // namespace rota::bench
