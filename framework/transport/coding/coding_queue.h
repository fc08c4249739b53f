#ifndef ROTA_TRANSPORT_CODING_CODING_QUEUE_H_
#define ROTA_TRANSPORT_CODING_CODING_QUEUE_H_

#include <cstddef>

#include "framework/base/check.h"
#include "framework/base/clock.h"
#include "framework/base/ring.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/hooks.h"

namespace rota::coding {

// Bounds what a server does at a time for messages that are unpacked and packed. Little work (compression.h) is done at once, as long as
// Take() has room for it; other messages wait here. One message of all is worked on until it is done, so that no more than one is in
// memory half unpacked, however many come; then another peer has its turn, so that none that sends many keeps one that sends a few
// waiting for all of them. It goes on before each poll, and only there: what a request that has come is answered leaves after poll, and
// does not wait for this.
// Thread: loop.
// Owner:  the server, whose own hooks come later: what is done here goes out before poll.
// Memory: none of its own: what waits is linked.
class CodingQueue final : private LoopHook {
 public:
  class Peer;

  // A message that waits to be unpacked or packed. Leaves the queue when it ends.
  // Owner: the call, which ends it as soon as nobody wants the message any more.
  class Entry : public RingLink {
   public:
    // Does `work` more at most, as compression.h counts it, and at least a little. False: there is more to do. True: it is done, and the
    // entry is no more.
    virtual bool CodeSome(size_t work) = 0;

   protected:
    Entry() = default;
    ~Entry() {
      if (peer_ == nullptr) return;
      // Its turn is over however it ended, so that a peer which takes its messages back in the midst does not keep its place.
      peer_->had_turn_ |= begun_;
      Ring<Entry>::Remove(*this);
      if (peer_->entries_.empty()) Ring<Peer>::Remove(*peer_);
    }

   private:
    friend class CodingQueue;

    Peer* peer_ = nullptr;
    bool begun_ = false;
  };

  // Whose messages wait, one at a time, while those of others have their turns.
  // Owner: the connection. Must outlive its entries.
  class Peer : public RingLink {
   public:
    Peer() = default;
    ~Peer() { ROTA_DCHECK(entries_.empty(), "a peer goes while its messages wait to be coded"); }

   private:
    friend class CodingQueue;

    Ring<Entry> entries_;
    // With a message that is no more.
    bool had_turn_ = false;
  };

  // Work that is done at once between two polls: 256 KiB took about half a millisecond.
  static constexpr size_t kAtOnce = 64 << 10;

  explicit CodingQueue(EventLoop& loop) : loop_(loop) { loop_.prepare_hooks().Add(*this); }
  ~CodingQueue() { loop_.prepare_hooks().Remove(*this); }
  CodingQueue(const CodingQueue&) = delete;
  CodingQueue& operator=(const CodingQueue&) = delete;

  // Whether there is room for so much work until the next poll, which it then takes up.
  bool Take(size_t work) {
    if (work > left_) return false;
    left_ -= work;
    return true;
  }
  // `entry`, which is new, has its turn after the others of `peer`.
  void Add(Entry& entry, Peer& peer);
  bool empty() const { return peers_.empty(); }

  // Does one step of it; whether a message is done with that. Must not be called when it is empty.
  bool Step();

 private:
  // Goes on with what waits, for 50 us or a quarter of the time since the last run, up to 5 ms.
  void RunHook() override;
  bool IsDue() const override { return !empty(); }

  EventLoop& loop_;
  size_t left_ = kAtOnce;
  // Those that have entries.
  Ring<Peer> peers_;
  // When the last run was through with it; the epoch: there was nothing in it.
  TimePoint ran_at_ = {};
};

}  // namespace rota::coding

#endif  // ROTA_TRANSPORT_CODING_CODING_QUEUE_H_
