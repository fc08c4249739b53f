#ifndef ROTA_WORKER_JOB_LIST_H_
#define ROTA_WORKER_JOB_LIST_H_

#include <cstddef>
#include <utility>

#include "framework/base/check.h"
#include "framework/worker/job.h"

namespace rota::internal {

// FIFO of jobs that links the jobs themselves: no memory of its own, and a job is taken out of the middle in constant
// time. A job is in one list at most.
// Thread: one at a time.
class JobList {
 public:
  JobList() = default;
  JobList(JobList&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)), last_(std::exchange(other.last_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  JobList& operator=(JobList&&) = delete;

  bool empty() const { return first_ == nullptr; }
  size_t size() const { return size_; }
  Job* front() const { return first_; }

  void PushBack(Job& job) {
    JobEntry& entry = EntryOf(job);
    entry.previous = last_;
    entry.next = nullptr;
    (last_ == nullptr ? first_ : EntryOf(*last_).next) = &job;
    last_ = &job;
    ++size_;
  }
  void Remove(Job& job) {
    JobEntry& entry = EntryOf(job);
    (entry.previous == nullptr ? first_ : EntryOf(*entry.previous).next) = entry.next;
    (entry.next == nullptr ? last_ : EntryOf(*entry.next).previous) = entry.previous;
    entry.previous = entry.next = nullptr;
    --size_;
  }
  // Undefined when empty().
  Job& PopFront() {
    ROTA_DCHECK(!empty(), "PopFront() of an empty list");
    Job& job = *first_;
    Remove(job);
    return job;
  }
  // Moves all jobs of `other` behind those of this list.
  void Append(JobList&& other) {
    if (other.empty()) return;
    (last_ == nullptr ? first_ : EntryOf(*last_).next) = other.first_;
    EntryOf(*other.first_).previous = last_;
    last_ = std::exchange(other.last_, nullptr);
    other.first_ = nullptr;
    size_ += std::exchange(other.size_, 0);
  }

 private:
  Job* first_ = nullptr;
  Job* last_ = nullptr;
  size_t size_ = 0;
};

// FIFO of anything with a member `next`.
// Thread: one at a time.
template <typename T>
class LinkQueue {
 public:
  LinkQueue() = default;
  LinkQueue(LinkQueue&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)), last_(std::exchange(other.last_, nullptr)) {}
  LinkQueue& operator=(LinkQueue&&) = delete;

  bool empty() const { return first_ == nullptr; }
  T* front() const { return first_; }
  void PushBack(T& item) {
    item.next = nullptr;
    (last_ == nullptr ? first_ : last_->next) = &item;
    last_ = &item;
  }
  // Null when empty().
  T* PopFront() {
    T* const item = first_;
    if (item == nullptr) return nullptr;
    first_ = std::exchange(item->next, nullptr);
    if (first_ == nullptr) last_ = nullptr;
    return item;
  }
  // Moves all items of `other` behind those of this queue.
  void Append(LinkQueue&& other) {
    if (other.empty()) return;
    (last_ == nullptr ? first_ : last_->next) = std::exchange(other.first_, nullptr);
    last_ = std::exchange(other.last_, nullptr);
  }

 private:
  T* first_ = nullptr;
  T* last_ = nullptr;
};

}  // namespace rota::internal

#endif  // ROTA_WORKER_JOB_LIST_H_
