#ifndef ROTA_LOOP_SIGNALS_H_
#define ROTA_LOOP_SIGNALS_H_

#include <initializer_list>
#include <memory>
#include <source_location>

#include "framework/base/callback.h"
#include "framework/loop/event_loop.h"

namespace rota {

// Turns signals of the operating system into callbacks of the poll phase. They do not keep the loop alive, unless SetRef()
// says so.
// Thread: loop.
// Owner:  must not outlive the loop. Destroying it gives the signals their default action back.
// Order:  as they arrived; signals of one number that arrive together may be told once.
class SignalWatcher {
 public:
  // `on_signal` gets the number. One that cannot be caught breaks an invariant.
  SignalWatcher(EventLoop& loop, std::initializer_list<int> signals, UniqueFunction<void(int)> on_signal,
                const std::source_location& where = std::source_location::current());
  ~SignalWatcher();
  void SetRef(bool has_ref) { handle_->SetRef(has_ref); }
  bool has_ref() const { return handle_->has_ref(); }
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  class State;
  // Shared: a completion of the operating system may still hold it when the watcher is gone.
  const std::shared_ptr<State> state_;
  const Ref<Handle> handle_;
};

}  // namespace rota

#endif  // ROTA_LOOP_SIGNALS_H_
