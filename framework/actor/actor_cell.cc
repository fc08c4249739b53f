#include "framework/actor/actor_cell.h"

#include <utility>
#include <vector>

#include "framework/actor/actor_system.h"
#include "framework/base/check.h"
#include "framework/base/log.h"
#include "framework/loop/context_slot.h"

namespace rota {

void Turn::Watch::OnCancelled(const Status& status) { turn_.cell_->DropQueued(turn_, status); }

ActorCell::ActorCell(ActorSystem& system, KindOptions& options, KindStats& stats, std::string key)
    : system_(system),
      options_(options),
      stats_(stats),
      key_(std::move(key)),
      name_(key_.empty() ? options.name : options.name + "/" + key_) {}

ActorCell::~ActorCell() {
  timer_.Clear();
  state_ = State::kStopped;
  FailQueued(CancelledError("the actor system of '" + name_ + "' is gone"));
  while (!running_.empty()) {
    const std::unique_ptr<Turn> turn = running_.Pop();
    --stats_.running;
    turn->run_.Destroy();
    turn->Done(CancelledError("the actor system of '" + name_ + "' is gone"));
  }
  start_run_.Destroy();
  SetActor(nullptr);
}

Status ActorCell::Push(std::unique_ptr<Turn>& turn) {
  if (turn->context().cancelled()) {
    ++stats_.expired;
    return turn->context().status();
  }
  if (state_ == State::kDown) {
    ++stats_.refused;
    return DownError();
  }
  if (mailbox_.size() >= options_.mailbox_capacity) {
    ++stats_.refused;
    return ResourceExhaustedError("mailbox of '" + name_ + "' is full (capacity " + std::to_string(options_.mailbox_capacity) + ")");
  }
  Turn& queued = mailbox_.Push(std::move(turn));
  ++stats_.mailbox_depth;
  queued.cell_ = this;
  queued.context().Subscribe(queued.watch_);
  if (runnable()) system_.MakeReady(*this);
  return OkStatus();
}

bool ActorCell::runnable() const {
  if (mailbox_.empty()) return false;
  if (state_ == State::kAsleep) return true;
  return state_ == State::kAwake && running_.size() < (options_.interleave ? options_.max_interleaved_turns : 1);
}

void ActorCell::Step() {
  if (!runnable()) return;
  if (state_ == State::kAsleep) return StartActor();
  std::unique_ptr<Turn> turn = mailbox_.Pop();
  --stats_.mailbox_depth;
  turn->watch_.Unlink();
  BeginTurn(std::move(turn));
}

void ActorCell::BeginTurn(std::unique_ptr<Turn> owned) {
  Turn& turn = running_.Push(std::move(owned));
  ++stats_.turns;
  ++stats_.running;
  used_ = true;
  const Ref<RequestContext> context(turn.context_);
  const ContextScope scope(context.get());
  // A handler need not be a coroutine; then what it throws comes out here.
  std::exception_ptr exception;
  Task<void> task = OkStatus();
  try {
    task = turn.Run(*actor_, *context);
  } catch (...) {
    exception = std::current_exception();
  }
  if (exception) return OnTurnDone(turn, OkStatus(), std::move(exception));
  turn.run_.Start(std::move(task), [this, &turn](Status status, std::exception_ptr thrown) {
    OnTurnDone(turn, std::move(status), std::move(thrown));
  });
}

void ActorCell::OnTurnDone(Turn& turn, Status status, std::exception_ptr exception) {
  --stats_.running;
  std::unique_ptr<Turn> ended = running_.Remove(turn);
  if (exception) {
    // The state comes first: Done() may send the next message.
    state_ = state_ == State::kAwake ? State::kFailing : state_;
    status = InternalError("internal error in actor '" + name_ + "'");
  }
  ended->Done(status);
  // Under the context still, so that the log names the request.
  if (exception) OnFailure("turn", std::move(exception));
  ended.reset();
  AfterTurn();
}

void ActorCell::AfterTurn() {
  if (state_ == State::kFailing && running_.empty()) return Restart();
  if (state_ == State::kStopping && running_.empty()) return FinishStop();
  if (runnable()) {
    system_.MakeReady(*this);
  } else {
    WatchIdle();
  }
}

void ActorCell::StartActor() {
  state_ = State::kStarting;
  ++stats_.starts;
  const ContextScope none(nullptr);
  start_context_ = MakeRef<RequestContext>(
      system_.loop(), RequestContext::Start{.id = "start:" + name_, .trace_parent = TraceParent::Generate(), .workers = system_.workers()});
  const ContextScope scope(start_context_.get());
  std::exception_ptr exception;
  Task<void> task = OkStatus();
  try {
    SetActor(options_.factory(key_));
    ROTA_CHECK(actor_ != nullptr, "the factory of an actor returned null");
    actor_->system_ = &system_;
    actor_->loop_ = &system_.loop();
    actor_->key_ = key_;
    task = actor_->OnStart(*start_context_);
  } catch (...) {
    exception = std::current_exception();
  }
  if (exception) return OnStarted(OkStatus(), std::move(exception));
  start_run_.Start(std::move(task), [this](Status status, std::exception_ptr thrown) { OnStarted(std::move(status), std::move(thrown)); });
}

void ActorCell::OnStarted(Status status, std::exception_ptr exception) {
  if (state_ == State::kStopping) return FinishStop();
  if (exception) {
    state_ = State::kFailing;
    OnFailure("start", std::move(exception));
  } else if (!status.ok()) {
    Log(LogLevel::kWarn, "actor_start_failed", {{"actor", name_}, {"status", status.ToString()}});
    SetActor(nullptr);
    state_ = State::kAsleep;
    FailQueued(std::move(status).WithPrefix("actor '" + name_ + "' did not start"));
  } else {
    state_ = State::kAwake;
  }
  AfterTurn();
}

void ActorCell::DropQueued(Turn& turn, const Status& status) {
  ++stats_.expired;
  --stats_.mailbox_depth;
  const std::unique_ptr<Turn> dropped = mailbox_.Remove(turn);
  dropped->Done(status);
}

void ActorCell::FailQueued(const Status& status) {
  // Only those that wait now: Done() may send again.
  for (size_t left = mailbox_.size(); left > 0 && !mailbox_.empty(); --left) {
    const std::unique_ptr<Turn> turn = mailbox_.Pop();
    --stats_.mailbox_depth;
    turn->watch_.Unlink();
    const ContextScope scope(&turn->context());
    turn->Done(status);
  }
}

void ActorCell::CancelRunning(const Status& status) {
  std::vector<Ref<RequestContext>> contexts;
  running_.ForEach([&](Turn& turn) { contexts.push_back(turn.context_); });
  for (const Ref<RequestContext>& context : contexts) context->Cancel(status);
}

void ActorCell::SetActor(std::unique_ptr<Actor> actor) {
  stats_.actors += (actor != nullptr) - (actor_ != nullptr);
  actor_ = std::move(actor);
}

}  // namespace rota
