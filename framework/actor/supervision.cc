// The second half of ActorCell: what happens to an actor that fails, idles or has to stop.
#include <algorithm>
#include <utility>

#include "framework/actor/actor_cell.h"
#include "framework/actor/actor_system.h"
#include "framework/base/log.h"
#include "framework/loop/context_slot.h"

namespace rota {
namespace {

std::string What(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

}  // namespace

void ActorCell::OnFailure(std::string_view during, std::exception_ptr exception) {
  ++stats_.failures;
  Log(LogLevel::kError, "actor_failed", {{"actor", name_}, {"during", during}, {"error", What(exception)}});
  // What else runs there may finish, but the next turn is for the next actor.
  if (!running_.empty() && state_ == State::kFailing) {
    After(options_.restart.grace, &ActorCell::EndGrace, false);
  }
}

void ActorCell::EndGrace() { CancelRunning(UnavailableError("actor '" + name_ + "' failed and starts anew")); }

void ActorCell::Restart() {
  SetActor(nullptr);
  const TimePoint now = system_.loop().Now();
  while (!restarts_.empty() && restarts_.front() + options_.restart.window <= now) restarts_.pop_front();
  if (restarts_.size() >= static_cast<size_t>(std::max(0, options_.restart.max_restarts))) return GoDown();
  const Duration backoff = options_.restart.backoff * (int64_t{1} << std::min<size_t>(restarts_.size(), 20));
  restarts_.push_back(now);
  ++stats_.restarts;
  state_ = State::kBackingOff;
  After(backoff, &ActorCell::WakeUp, true);
}

void ActorCell::GoDown() {
  state_ = State::kDown;
  Log(LogLevel::kError, "actor_down", {{"actor", name_}, {"restarts", restarts_.size()}});
  FailQueued(DownError());
  After(options_.restart.window, &ActorCell::WakeUp, false);
}

Status ActorCell::DownError() const {
  return UnavailableError("actor '" + name_ + "' is down: it failed more than " + std::to_string(options_.restart.max_restarts) +
                          " times in short order");
}

void ActorCell::WakeUp() {
  state_ = State::kAsleep;
  AfterTurn();
}

void ActorCell::WatchIdle() {
  if (options_.idle_timeout == Duration::zero() || watching_idle_) return;
  if (!mailbox_.empty() || !running_.empty() || (state_ != State::kAwake && state_ != State::kAsleep)) return;
  used_ = false;
  After(options_.idle_timeout, &ActorCell::OnIdle, false);
  watching_idle_ = true;
}

void ActorCell::OnIdle() {
  const bool idle = mailbox_.empty() && running_.empty() && !queued;
  if (!idle || used_) return idle ? WatchIdle() : void();
  if (actor_ != nullptr) {
    ++stats_.sleeps;
    actor_->OnStop();
    SetActor(nullptr);
  }
  state_ = State::kAsleep;
  system_.Remove(*this);
}

void ActorCell::Stop() {
  const Status status = UnavailableError("actor '" + name_ + "' stops");
  const bool starting = state_ == State::kStarting;
  state_ = State::kStopping;
  timer_.Clear();
  FailQueued(status);
  if (starting) return start_context_->Cancel(status);
  if (running_.empty()) return FinishStop();
  CancelRunning(status);
}

void ActorCell::FinishStop() {
  if (actor_ != nullptr) actor_->OnStop();
  SetActor(nullptr);
  state_ = State::kStopped;
  system_.OnStopped();
}

void ActorCell::After(Duration delay, void (ActorCell::*function)(), bool keeps_alive) {
  const ContextScope none(nullptr);
  timer_.Clear();
  watching_idle_ = false;
  timer_ = system_.loop().SetTimeout(delay, [this, function] {
    watching_idle_ = false;
    (this->*function)();
  });
  timer_.SetRef(keeps_alive);
}

}  // namespace rota
