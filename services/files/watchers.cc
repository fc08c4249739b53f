#include "services/files/watchers.h"

#include <vector>

namespace files {

void ToInfo(const StoredFile& file, v1::FileInfo* info) {
  info->set_name(file.name);
  info->set_size(file.size);
  info->mutable_modified()->set_seconds(file.modified_ns / 1'000'000'000);
  info->mutable_modified()->set_nanos(static_cast<int32_t>(file.modified_ns % 1'000'000'000));
}

void Watchers::Tell(const Store::Change& change) {
  v1::WatchResponse event;
  if (change.removed) {
    event.set_event(v1::WatchResponse::EVENT_REMOVED);
    event.mutable_file()->set_name(change.file.name);
  } else {
    event.set_event(v1::WatchResponse::EVENT_PUT);
    ToInfo(change.file, event.mutable_file());
  }
  std::vector<rota::Ref<rota::RequestContext>> slow;
  for (Watcher* const watcher : watchers_) {
    if (!watcher->Concerns(change.file.name) || watcher->events_.Push(event)) continue;
    slow.emplace_back(&watcher->context_);
  }
  // Afterwards: it may end watchers.
  for (const rota::Ref<rota::RequestContext>& context : slow) {
    context->Cancel(rota::ResourceExhaustedError("the watcher is " + std::to_string(Watcher::kCapacity) + " events behind"));
  }
}

Watcher::Watcher(Watchers& all, rota::RequestContext& context, std::string_view name, std::string_view prefix)
    : all_(all), context_(context), name_(name), prefix_(prefix), events_(context.loop(), kCapacity) {
  all_.watchers_.insert(this);
}

Watcher::~Watcher() { all_.watchers_.erase(this); }

}  // namespace files
