#include "framework/loop/signals.h"

#include <boost/asio/signal_set.hpp>

#include <string>
#include <utility>

#include "framework/base/check.h"
#include "framework/loop/asio.h"

namespace rota {

class SignalWatcher::State : public std::enable_shared_from_this<State> {
 public:
  State(EventLoop& loop, UniqueFunction<void(int)> on_signal)
      : loop_(loop), signals_(IoContext(loop)), on_signal_(std::move(on_signal)) {}

  void Add(int number) {
    boost::system::error_code error;
    signals_.add(number, error);
    ROTA_CHECK(!error, "cannot watch signal " + std::to_string(number) + ": " + error.message());
  }

  void Wait() {
    signals_.async_wait([self = shared_from_this()](boost::system::error_code error, int number) {
      if (error || self->stopped_) return;
      // The operation starts only now, so waiting does not keep the loop alive.
      self->loop_.RunCompletion(Operation(self->loop_, RefKind::kIo), [self, number] {
        if (self->stopped_) return;
        // First, so that a handler that throws does not leave the process deaf.
        self->Wait();
        self->on_signal_(number);
      });
    });
  }

  void Stop() {
    stopped_ = true;
    boost::system::error_code ignored;
    signals_.clear(ignored);
    signals_.cancel(ignored);
  }

 private:
  EventLoop& loop_;
  boost::asio::signal_set signals_;
  UniqueFunction<void(int)> on_signal_;
  bool stopped_ = false;
};

SignalWatcher::SignalWatcher(EventLoop& loop, std::initializer_list<int> signals, UniqueFunction<void(int)> on_signal,
                             const std::source_location& where)
    : state_(std::make_shared<State>(loop, std::move(on_signal))), handle_(loop.OpenHandle(where)) {
  handle_->SetRef(false);
  for (const int number : signals) state_->Add(number);
  state_->Wait();
}

SignalWatcher::~SignalWatcher() { state_->Stop(); }

}  // namespace rota
