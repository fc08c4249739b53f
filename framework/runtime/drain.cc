#include "framework/runtime/drain.h"

#include <algorithm>
#include <utility>

#include "framework/base/check.h"

namespace rota {

Drain::Drain(EventLoop& loop, Options options, Steps steps) : loop_(loop), options_(options), steps_(std::move(steps)) {}

Drain::~Drain() { timer_.Clear(); }

void Drain::Begin() {
  ROTA_CHECK(!begun_, "a drain begins once");
  begun_ = true;
  steps_.refuse();
  // Callers who watch health go elsewhere now. Those whose call is on its way must not find the door shut.
  notice_end_ = After(loop_.Now(), options_.notice);
  WaitForQuiet();
}

void Drain::WaitForQuiet() {
  const Duration left = notice_end_ - loop_.Now();
  if (left <= Duration::zero()) return DrainCalls();
  calls_seen_ = steps_.calls_started();
  timer_ = loop_.SetTimeout(std::min(left, options_.quiet), [this] {
    if (steps_.calls_started() == calls_seen_) return DrainCalls();
    WaitForQuiet();
  });
}

void Drain::DrainCalls() {
  WaitForConnections();
  steps_.drain_calls(options_.grace, [this] { StopActors(); });
}

// An idle client may take seconds to look at its connection, and a broken one looks never.
void Drain::WaitForConnections() {
  timer_ = loop_.SetTimeout(options_.linger, [this] {
    if (steps_.calls_in_flight() > 0) return WaitForConnections();
    steps_.cut_connections();
  });
}

void Drain::StopActors() {
  timer_.Clear();
  timer_ = loop_.SetTimeout(options_.stop_timeout, [this] {
    if (!std::exchange(over_, true)) steps_.give_up();
  });
  steps_.stop_actors([this] {
    if (std::exchange(over_, true)) return;
    timer_.Clear();
    steps_.finish();
  });
}

}  // namespace rota
