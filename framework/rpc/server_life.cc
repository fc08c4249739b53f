#include "framework/rpc/server_life.h"

#include <utility>

#include "framework/base/check.h"
#include "framework/loop/context_slot.h"

namespace rota {

Status ShuttingDownError() { return UnavailableError("the server is shutting down"); }

void ServerLife::Begin(bool keeps_alive) {
  ROTA_CHECK(is_new(), "a server begins to serve once");
  state_ = State::kServing;
  handle_ = loop_.OpenHandle();
  handle_->SetRef(keeps_alive);
}

void ServerLife::Drain(Duration grace, Callback done) {
  switch (state_) {
    case State::kNew:
    case State::kStopped:
      state_ = State::kStopped;
      if (done) loop_.SetImmediate(std::move(done));
      return;
    case State::kServing:
      state_ = State::kDraining;
      done_ = std::move(done);
      steps_.begin_drain();
      break;
    case State::kDraining:
      break;  // The first one keeps its `done`.
  }
  LimitGrace(grace);
}

void ServerLife::LimitGrace(Duration grace) {
  // It may have ended at once.
  if (!draining()) return;
  if (grace <= Duration::zero()) return steps_.cancel_calls();
  const TimePoint end = After(loop_.Now(), grace);
  if (end >= grace_end_) return;
  grace_end_ = end;
  grace_.Clear();
  // Of the server, not of whoever has it drained.
  const ContextScope none(nullptr);
  grace_ = loop_.SetTimeout(grace, [this] { steps_.cancel_calls(); });
}

void ServerLife::End() {
  ROTA_CHECK(draining(), "only a server that drains can end");
  state_ = State::kStopped;
  grace_.Clear();
  handle_->Close(std::move(done_));
}

}  // namespace rota
