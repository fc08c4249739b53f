#include "framework/loop/readiness.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "framework/base/check.h"
#include "framework/loop/operation.h"
#include "framework/loop/poller.h"

namespace rota {

class Readiness::Registration final : public CountedAs<Registration>, public PollSource {
 public:
  Registration(EventLoop& loop, int fd) : loop_(loop), fd_(fd) {}

  // One kind of wait.
  struct Wait {
    // While it waits.
    std::optional<Operation> operation;
    // Up to its call, which may be put off.
    Callback callback;
    // It ends in the next poll, without any event.
    bool is_due = false;
  };

  void WaitReadable(Callback&& callback, const std::source_location& where) {
    Begin(readable_, std::move(callback), where);
    if (fd_ < 0 || ((events_ == 0 || can_read_) && !Watch(WritingWaits() ? kReading | EPOLLOUT : kReading))) MakeDue(readable_);
  }
  void WaitWritable(Callback&& callback, const std::source_location& where) {
    // Most descriptors never wait to be written: its memory is there while it waits.
    if (writable_ == nullptr) writable_ = std::make_unique<Wait>();
    Begin(*writable_, std::move(callback), where);
    if (fd_ < 0 || !Watch(kReading | EPOLLOUT)) MakeDue(*writable_);
  }
  void Drained() { can_read_ = has_ended_; }
  int error() const { return error_; }

  void Close() {
    if (fd_ < 0) return;
    if (events_ != 0) loop_.poller().Unwatch(fd_, *this);
    events_ = 0;
    ::close(std::exchange(fd_, -1));
    if (readable_.operation) MakeDue(readable_);
    if (WritingWaits()) MakeDue(*writable_);
  }
  int fd() const { return fd_; }

 private:
  // The end is an event of its own: it may have come before the read that was short, with an edge that it shares with the bytes.
  static constexpr uint32_t kReading = EPOLLIN | EPOLLRDHUP | EPOLLET;
  static constexpr uint32_t kEnds = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

  void OnEvents(uint32_t events) override {
    if ((events & kEnds) != 0) has_ended_ = true;
    if ((events & (EPOLLIN | kEnds)) != 0) can_read_ = true;
    // Its owner may go in the first callback.
    const Ref<Registration> keep(this);
    const bool can_write = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
    if (can_read_ && readable_.operation) End(readable_);
    if (can_write && WritingWaits()) End(*writable_);
  }
  void OnDue() override {
    const Ref<Registration> keep = std::move(due_);
    if (std::exchange(readable_.is_due, false)) End(readable_);
    if (WritingWaits() && std::exchange(writable_->is_due, false)) End(*writable_);
  }
  void OnEnd() override {
    events_ = 0;
    // What is dropped may own the owner.
    const Ref<Registration> keep(this);
    const Ref<Registration> due = std::move(due_);
    Drop(readable_);
    if (writable_ != nullptr) Drop(*writable_);
  }

  void Begin(Wait& wait, Callback&& callback, const std::source_location& where) {
    ROTA_CHECK(!wait.callback, "a descriptor is waited for twice");
    wait.callback = std::move(callback);
    wait.operation.emplace(loop_, RefKind::kIo, where);
    loop_.poller().BeginWait();
    error_ = 0;
  }
  void MakeDue(Wait& wait) {
    wait.is_due = true;
    if (!due_) due_ = Ref<Registration>(this);
    loop_.poller().MakeDue(*this);
  }
  bool WritingWaits() const { return writable_ != nullptr && writable_->operation; }
  // In the poll phase.
  void End(Wait& wait) {
    loop_.poller().EndWait();
    wait.is_due = false;
    Ref<ContextBase> context = wait.operation->TakeContext();
    wait.operation.reset();
    loop_.RunCompletion(std::move(context), [keep = Ref<Registration>(this), &wait] { keep->Call(wait); });
  }
  void Drop(Wait& wait) {
    if (!wait.operation) return;
    loop_.poller().EndWait();
    wait.is_due = false;
    wait.operation.reset();
    const Callback dropped = std::move(wait.callback);
  }
  void Call(Wait& wait) {
    // Another wait may begin inside.
    Callback callback = std::move(wait.callback);
    if (&wait == &readable_) return callback();
    // Also after an exception.
    const struct End {
      ~End() { registration.EndWriting(); }
      Registration& registration;
    } end{*this};
    callback();
  }
  // A reader that takes its time makes an edge of room, of which nobody wants to hear.
  void EndWriting() {
    if (writable_->callback) return;
    if (events_ != 0) Watch(kReading);
    writable_.reset();
  }

  // Also tells of what is there already, of which no further edge would come. False: refused.
  bool Watch(uint32_t events) {
    error_ = events_ == 0 ? loop_.poller().Watch(fd_, events, *this) : loop_.poller().ChangeWatch(fd_, events, *this);
    if (error_ != 0) return false;
    events_ = events;
    can_read_ = false;
    return true;
  }

  EventLoop& loop_;

  int fd_;
  // What epoll looks for; 0 before the first wait.
  uint32_t events_ = 0;
  // Why the last wait was refused.
  int error_ = 0;
  // The system has told so and will not again: whoever waits has to ask anew, unless all was read.
  bool can_read_ = false;
  // The end, or an error: there is no reading all.
  bool has_ended_ = false;
  Wait readable_;
  std::unique_ptr<Wait> writable_;
  // Itself, while it is due.
  Ref<Registration> due_;
};

Readiness::Readiness(EventLoop& loop, int fd) : registration_(MakeRef<Registration>(loop, fd)) {}

Readiness::~Readiness() { Close(); }

void Readiness::WaitReadable(Callback callback, const std::source_location& where) {
  registration_->WaitReadable(std::move(callback), where);
}

void Readiness::WaitWritable(Callback callback, const std::source_location& where) {
  registration_->WaitWritable(std::move(callback), where);
}

void Readiness::Drained() { registration_->Drained(); }

void Readiness::Close() { registration_->Close(); }

int Readiness::error() const { return registration_->error(); }

int Readiness::fd() const { return registration_->fd(); }

}  // namespace rota
