#ifndef ROTA_SERVICES_FILES_WATCHERS_H_
#define ROTA_SERVICES_FILES_WATCHERS_H_

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "framework/rota.h"
#include "protos/files/v1/files.pb.h"
#include "services/files/store.h"

namespace files {

// Fills in what the store knows of a file.
void ToInfo(const StoredFile& file, v1::FileInfo* info);

class Watcher;

// Those who watch, each with a bounded queue of its own.
// Thread: loop.
class Watchers {
 public:
  // Queues `change` for everyone whom it concerns. Who is kCapacity events behind is cancelled with RESOURCE_EXHAUSTED, so
  // that a slow reader costs bounded memory and learns that it missed something.
  void Tell(const Store::Change& change);
  size_t size() const { return watchers_.size(); }

 private:
  friend class Watcher;
  std::set<Watcher*> watchers_;
};

// One Watch call.
// Thread: loop.
// Owner:  the frame of its handler.
class Watcher {
 public:
  static constexpr size_t kCapacity = 1024;

  // An empty `name` is every name.
  Watcher(Watchers& all, rota::RequestContext& context, std::string_view name, std::string_view prefix);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  rota::BoundedQueue<v1::WatchResponse>& events() { return events_; }

 private:
  friend class Watchers;
  bool Concerns(std::string_view name) const { return (name_.empty() || name == name_) && name.starts_with(prefix_); }

  Watchers& all_;
  rota::RequestContext& context_;
  const std::string name_;
  const std::string prefix_;
  rota::BoundedQueue<v1::WatchResponse> events_;
};

}  // namespace files

#endif  // ROTA_SERVICES_FILES_WATCHERS_H_
