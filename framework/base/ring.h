#ifndef ROTA_BASE_RING_H_
#define ROTA_BASE_RING_H_

#include "framework/base/check.h"

namespace rota {

template <typename T>
class Ring;

// The place of an element in a ring: what derives from it can be in one at a time. It leaves when it is destroyed.
class RingLink {
 public:
  RingLink() = default;
  RingLink(const RingLink&) = delete;
  RingLink& operator=(const RingLink&) = delete;

 protected:
  ~RingLink() {
    if (next_ != this) Leave();
  }

 private:
  template <typename T>
  friend class Ring;

  void Leave() {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = this;
  }
  void JoinBefore(RingLink& place) {
    previous_ = place.previous_;
    next_ = &place;
    previous_->next_ = place.previous_ = this;
  }

  RingLink* previous_ = this;
  RingLink* next_ = this;
};

// A list of elements that are linked through themselves, so that adding and removing any of them takes constant time and no memory. Not that of
// Boost.Intrusive, because it would be in all that includes rota.h.
// Thread: one.
// Owner:  anyone. It does not own its elements; those that are left leave when it is destroyed.
template <typename T>
class Ring : private RingLink {
 public:
  Ring() = default;
  ~Ring() {
    while (!empty()) next_->Leave();
  }

  bool empty() const { return next_ == this; }
  // Of a ring that is not empty.
  T& front() const {
    ROTA_DCHECK(!empty(), "the front of an empty ring");
    return static_cast<T&>(*next_);
  }

  // `element` is in no ring.
  void PushFront(T& element) { Unlinked(element).JoinBefore(*next_); }
  void PushBack(T& element) { Unlinked(element).JoinBefore(*this); }
  // `element` is in this one.
  void MoveToFront(T& element) {
    Remove(element);
    PushFront(element);
  }
  void MoveToBack(T& element) {
    Remove(element);
    PushBack(element);
  }
  // visit(T&), from the front. It must not change the ring.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (RingLink* link = next_; link != this; link = link->next_) visit(static_cast<T&>(*link));
  }

  // Of whichever ring it is in, if any.
  static void Remove(T& element) { Link(element).Leave(); }
  static bool IsInOne(const T& element) { return static_cast<const RingLink&>(element).next_ != &element; }
  // Puts `element`, which is in no ring, where `other` is, if anywhere.
  static void Replace(T& other, T& element) {
    if (!IsInOne(other)) return;
    Unlinked(element).JoinBefore(other);
    Remove(other);
  }

 private:
  static RingLink& Link(T& element) { return element; }
  static RingLink& Unlinked(T& element) {
    ROTA_DCHECK(!IsInOne(element), "an element is added to a ring that is in one");
    return element;
  }
};

}  // namespace rota

#endif  // ROTA_BASE_RING_H_
