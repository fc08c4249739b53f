#ifndef ROTA_LOOP_LOOP_EXIT_H_
#define ROTA_LOOP_LOOP_EXIT_H_

#include <cstddef>
#include <deque>
#include <utility>

#include "framework/base/callback.h"
#include "framework/base/ref.h"
#include "framework/loop/compatibility.h"
#include "framework/loop/context_slot.h"

namespace rota {

// How a loop ends: by itself, by Exit() or, to go on later, by Stop(); with which code; and who is told. EventLoop says what
// each of these means to its users.
// Thread: loop.
// Owner:  EventLoop.
class LoopExit {
 public:
  void Exit(int code) {
    if (hooks_run_) {
      hooks_run_ = false;
      code_ = code;
    }
    if (std::exchange(exiting_, true)) return;
    code_ = code;
    context_ = CaptureContext();
  }
  // By reference: poll looks at it after each callback.
  const bool& exiting() const { return exiting_; }

  void Stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }
  // Ends the stop. Whether there was one.
  bool TakeStop() { return std::exchange(stopped_, false); }

  void set_code(int code) { code_ = code; }
  int code() const { return code_; }

  void OnBeforeExit(Callback callback) { before_.push_back(std::move(callback)); }
  void OnExit(UniqueFunction<void(int)> hook) { hooks_.push_back(std::move(hook)); }

  // Both run callbacks by `guarded(Callback&, ContextBase*)`, which returns how each has ended.

  // Those that are there now. False: one has ended the round, by Exit() or, as in Node, by an exception.
  template <typename Guarded>
  bool RunBefore(Guarded&& guarded) {
    for (size_t i = 0, count = before_.size(); i < count; ++i) {
      if (exiting_ || guarded(before_[i], nullptr) != StepEnd::kDone) return false;
    }
    return true;
  }
  // All, under the context of Exit(), until one calls Exit() itself.
  template <typename Guarded>
  void RunHooks(Guarded&& guarded) {
    hooks_run_ = true;
    for (size_t i = 0; i < hooks_.size() && hooks_run_; ++i) {
      Callback hook = [this, i] { hooks_[i](code_); };
      guarded(hook, context_.get());
    }
    hooks_run_ = false;
  }

 private:
  // Deques: a callback may add others while it runs.
  std::deque<Callback> before_;
  std::deque<UniqueFunction<void(int)>> hooks_;
  Ref<ContextBase> context_;
  int code_ = 0;
  bool exiting_ = false;
  bool stopped_ = false;
  bool hooks_run_ = false;
};

}  // namespace rota

#endif  // ROTA_LOOP_LOOP_EXIT_H_
