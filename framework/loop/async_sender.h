#ifndef ROTA_LOOP_ASYNC_SENDER_H_
#define ROTA_LOOP_ASYNC_SENDER_H_

#include <atomic>
#include <memory>
#include <source_location>
#include <utility>

#include "framework/base/callback.h"
#include "framework/loop/event_loop.h"

namespace rota {

// A bell that other threads ring: the callback runs on the loop in poll, at least once after each Send(); many that come
// before it runs are one, as with uv_async_send(). Keeps the loop alive until it is closed.
// Thread: Send() from any thread, while the sender lives; everything else on the loop.
// Owner:  a value; must not outlive the loop. Destroying it closes it without a callback.
class AsyncSender {
 public:
  // `on_send` runs in the context that is current here.
  AsyncSender(EventLoop& loop, Callback on_send, const std::source_location& where = std::source_location::current())
      : loop_(loop), handle_(loop.OpenHandle(where)), state_(std::make_shared<State>()) {
    state_->on_send = std::move(on_send);
    state_->context = CaptureContext();
  }
  ~AsyncSender() {
    if (is_open()) Close();
  }
  AsyncSender(const AsyncSender&) = delete;
  AsyncSender& operator=(const AsyncSender&) = delete;

  // Never blocks. Lost when the sender is closed before the loop comes to it.
  void Send() {
    if (state_->sent.exchange(true, std::memory_order_acq_rel)) return;
    loop_.Post([state = state_] { state->Run(); });
  }
  void SetRef(bool has_ref) { handle_->SetRef(has_ref); }
  bool has_ref() const { return handle_->has_ref(); }
  // `on_closed` runs in the next close phase; the callback does not run any more.
  void Close(Callback on_closed = nullptr) {
    state_->open = false;
    handle_->Close(std::move(on_closed));
  }
  bool is_open() const { return handle_->is_open(); }

 private:
  struct State {
    void Run() {
      // Before the callback: what is sent from here on is told by another.
      sent.store(false, std::memory_order_release);
      if (!open) return;
      const ContextScope scope(context.get());
      on_send();
    }

    std::atomic<bool> sent = false;
    // Loop thread only.
    bool open = true;
    Callback on_send;
    Ref<ContextBase> context;
  };

  EventLoop& loop_;
  const Ref<Handle> handle_;
  // Shared with what is on its way to the loop.
  const std::shared_ptr<State> state_;
};

}  // namespace rota

#endif  // ROTA_LOOP_ASYNC_SENDER_H_
