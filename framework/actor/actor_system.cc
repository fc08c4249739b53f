#include "framework/actor/actor_system.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "framework/loop/context_slot.h"

namespace rota {

ActorSystem::ActorSystem(EventLoop& loop, WorkerPool* workers) : loop_(loop), workers_(workers) {}

ActorSystem::~ActorSystem() {
  stopped_ = true;
  if (microtask_) loop_.TakeBackMicrotask(*microtask_);
  immediate_.Clear();
  // One by one, with the kinds in place: the end of a turn may try to send.
  for (auto& [name, kind] : kinds_) {
    while (!kind->cells_.empty()) kind->cells_.extract(kind->cells_.begin());
  }
}

Status ActorSystem::RegisterKind(KindOptions options) {
  if (options.name.empty()) return InvalidArgumentError("a kind of actors needs a name");
  if (!options.factory) return InvalidArgumentError("kind '" + options.name + "' of actors needs a factory");
  if (kinds_.contains(options.name)) return AlreadyExistsError("there is a kind '" + options.name + "' of actors already");
  const std::string name = options.name;
  kinds_.emplace(name, std::unique_ptr<ActorKind>(new ActorKind(std::move(options))));
  return OkStatus();
}

ActorKind* ActorSystem::FindKind(std::string_view name) {
  const auto found = kinds_.find(name);
  return found == kinds_.end() ? nullptr : found->second.get();
}

Status ActorSystem::TrySend(ActorKind& kind, std::string_view key, std::unique_ptr<Turn>& turn) {
  if (stopped_) {
    ++kind.stats_.refused;
    return UnavailableError("actors of kind '" + kind.name() + "' stop");
  }
  auto found = kind.cells_.find(key);
  if (found == kind.cells_.end()) {
    if (kind.cells_.size() >= kind.options_.max_actors) {
      ++kind.stats_.refused;
      return ResourceExhaustedError("there are more than " + std::to_string(kind.options_.max_actors) + " actors of kind '" + kind.name() + "'");
    }
    auto cell = std::make_unique<ActorCell>(*this, kind.options_, kind.stats_, std::string(key));
    found = kind.cells_.emplace(std::string(key), std::move(cell)).first;
  }
  return found->second->Push(turn);
}

void ActorSystem::Send(std::string_view kind, std::string_view key, std::unique_ptr<Turn> turn) {
  ActorKind* const found = FindKind(kind);
  const Status status = found == nullptr ? NotFoundError("no actor of kind '" + std::string(kind) + "'") : TrySend(*found, key, turn);
  if (!status.ok()) turn->Done(status);
}

void ActorSystem::MakeReady(ActorCell& cell) {
  if (cell.queued) return;
  cell.queued = true;
  ready_.Push(&cell);
  if (running_ready_ || microtask_ || immediate_.has_ref()) return;
  const ContextScope none(nullptr);
  microtask_ = loop_.QueueMicrotask([this] { RunReady(); });
}

void ActorSystem::RunReady() {
  microtask_.reset();
  running_ready_ = true;
  for (size_t left = std::max(kBurst, ready_.size()); left > 0 && !ready_.empty() && !loop_.exiting(); --left) {
    ActorCell* const cell = ready_.Pop();
    cell->queued = false;
    cell->Step();
    if (cell->runnable()) MakeReady(*cell);
  }
  running_ready_ = false;
  if (ready_.empty()) return;
  // Actors that keep each other busy must not keep the loop from its timers and its I/O.
  const ContextScope none(nullptr);
  immediate_ = loop_.SetImmediate([this] { RunReady(); });
}

void ActorSystem::Remove(ActorCell& cell) {
  for (auto& [name, kind] : kinds_) {
    const auto found = kind->cells_.find(cell.key());
    if (found == kind->cells_.end() || found->second.get() != &cell) continue;
    removed_ = kind->cells_.extract(found);
    return;
  }
}

void ActorSystem::Stop(Callback done) {
  stopped_ = true;
  on_stopped_ = std::move(done);
  std::vector<ActorCell*> cells;
  for (auto& [name, kind] : kinds_) {
    for (auto& [key, cell] : kind->cells_) cells.push_back(cell.get());
  }
  stopping_ = cells.size() + 1;
  for (ActorCell* cell : cells) cell->Stop();
  OnStopped();
}

void ActorSystem::OnStopped() {
  if (--stopping_ == 0) std::exchange(on_stopped_, nullptr)();
}

}  // namespace rota
