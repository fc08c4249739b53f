#include "framework/loop/deadline_queue.h"

namespace rota {

DeadlineQueue::~DeadlineQueue() {
  // What is destroyed after its loop finds itself not armed.
  const auto forget = [](Deadline& deadline) { deadline.place_ = Deadline::kNowhere; };
  young_.ForEach(forget);
  due_.ForEach(forget);
  for (Deadline* deadline : heap_) forget(*deadline);
}

void DeadlineQueue::Collect(TimePoint now) {
  young_from_ = now + kSoon;
  if (young_wake_ <= now) SettleYoung();
  while (!heap_.empty() && heap_.front()->due_ <= now) {
    Deadline& deadline = *heap_.front();
    Take(0);
    deadline.place_ = Deadline::kDue;
    due_.PushBack(deadline);
  }
}

void DeadlineQueue::SettleYoung() {
  young_wake_ = kNoDeadline;
  young_count_ = 0;
  while (!young_.empty()) {
    Deadline& deadline = young_.front();
    young_.Remove(deadline);
    Push(deadline);
  }
}

void DeadlineQueue::Push(Deadline& deadline) {
  heap_.push_back(&deadline);
  Place(heap_.size() - 1, deadline);
  SiftUp(heap_.size() - 1);
}

void DeadlineQueue::Take(size_t i) {
  Deadline& last = *heap_.back();
  heap_.pop_back();
  if (i == heap_.size()) return;
  Place(i, last);
  SiftUp(i);
  SiftDown(last.place_);
}

void DeadlineQueue::SiftUp(size_t i) {
  Deadline& deadline = *heap_[i];
  for (; i > 0 && IsBefore(deadline, *heap_[(i - 1) / 2]); i = (i - 1) / 2) Place(i, *heap_[(i - 1) / 2]);
  Place(i, deadline);
}

void DeadlineQueue::SiftDown(size_t i) {
  Deadline& deadline = *heap_[i];
  for (size_t child = 2 * i + 1; child < heap_.size(); child = 2 * i + 1) {
    if (child + 1 < heap_.size() && IsBefore(*heap_[child + 1], *heap_[child])) ++child;
    if (!IsBefore(*heap_[child], deadline)) break;
    Place(i, *heap_[child]);
    i = child;
  }
  Place(i, deadline);
}

}  // namespace rota
