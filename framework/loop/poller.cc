#include "framework/loop/poller.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace rota {

Poller::Poller(Callback on_wake)
    : on_wake_(std::move(on_wake)),
      // One thread runs it. Not the unsafe hint: Wake() comes from others.
      io_context_(std::make_unique<boost::asio::io_context>(1)) {
  // The loop decides when it ends, by its refs; the io_context must never stop by itself.
  io_context_->get_executor().on_work_started();
}

Poller::~Poller() = default;

bool Poller::PollOne() { return io_context_->poll_one() != 0; }

bool Poller::WaitOne(TimePoint deadline) {
  if (deadline == kNoDeadline) return io_context_->run_one() != 0;
  return io_context_->run_one_until(deadline) != 0;
}

void Poller::Wake() {
  boost::asio::post(*io_context_, [this] { on_wake_(); });
}

}  // namespace rota
