#ifndef ROTA_LOOP_HOOKS_H_
#define ROTA_LOOP_HOOKS_H_

#include <algorithm>
#include <cstddef>
#include <vector>

namespace rota {

// Work that belongs to an iteration and not to an event: what is gathered from many callbacks and done once for all of them,
// as with the prepare and check handles of libuv. It does not keep the loop alive.
class LoopHook {
 public:
  // Runs without a context; what it throws goes to the uncaught handler of the loop.
  virtual void RunHook() = 0;
  // Poll does not sleep while this is true: something has come up since the hook ran.
  virtual bool IsDue() const { return false; }

 protected:
  ~LoopHook() = default;
};

// The hooks of one point of the iteration, in the order in which they were added.
// Thread: loop.
class HookList {
 public:
  // `hook` must be removed before it ends.
  void Add(LoopHook& hook) { hooks_.push_back(&hook); }
  // Also from inside of a hook. Nothing happens when it was not added.
  void Remove(LoopHook& hook) {
    const auto found = std::find(hooks_.begin(), hooks_.end(), &hook);
    if (found == hooks_.end()) return;
    // While hooks run, their places must not move.
    if (running_) {
      *found = nullptr;
    } else {
      hooks_.erase(found);
    }
  }

  bool empty() const { return hooks_.empty(); }
  bool IsAnyDue() const {
    return std::any_of(hooks_.begin(), hooks_.end(), [](const LoopHook* hook) { return hook != nullptr && hook->IsDue(); });
  }

  // Calls `run(hook)` for each; one that is added meanwhile waits for the next time.
  template <typename Run>
  void ForEach(Run run) {
    running_ = true;
    const size_t count = hooks_.size();
    for (size_t i = 0; i < count; ++i) {
      if (hooks_[i] != nullptr) run(*hooks_[i]);
    }
    running_ = false;
    std::erase(hooks_, nullptr);
  }

 private:
  std::vector<LoopHook*> hooks_;
  bool running_ = false;
};

}  // namespace rota

#endif  // ROTA_LOOP_HOOKS_H_
