#ifndef ROTA_TRANSPORT_GRPCPP_COMPLETIONS_H_
#define ROTA_TRANSPORT_GRPCPP_COMPLETIONS_H_

#include <cstddef>

#include "framework/base/ring.h"

namespace rota::grpcpp {

// What has completed and waits for its turn on the loop. Those of one peer have it in the order in which they came; peers take turns,
// so that none that has a thousand calls keeps one that has a single one waiting for all of them.
// Thread: loop.
// Owner:  the bridge.
// Memory: none of its own: what waits is linked.
class Completions {
 public:
  class Peer;

  // One outstanding operation of gRPC. Its address is the tag.
  class Tag : public RingLink {
   public:
    // The operation is complete; `ok` as grpc::CompletionQueue::Next() gave it. Whose turn it has to wait for: null if that is nobody's
    // in particular.
    virtual Peer* Arrive(bool ok) = 0;
    // Its turn has come. Nothing of the tag is touched after it.
    virtual void Complete(bool ok) = 0;
    void* pointer() { return this; }

   protected:
    ~Tag() = default;

   private:
    friend class Completions;

    bool ok_ = false;
  };

  // Whose completions wait.
  // Owner: the calls of a connection, which leave no tag in it.
  class Peer : public RingLink {
   private:
    friend class Completions;

    Ring<Tag> waiting_;
    size_t left_ = 0;  // Of its turn.
  };

  // How many of a peer have one turn. What gRPC is told for one connection in a row leaves in fewer writes: where each had a turn of its own,
  // a server with 10 x 10 calls in flight answered a fifth fewer in a second.
  static constexpr size_t kOfTurn = 16;

  bool empty() const { return peers_.empty(); }
  size_t size() const { return size_; }

  void Add(Tag& tag, bool ok) {
    Peer* const owner = tag.Arrive(ok);
    Peer& peer = owner != nullptr ? *owner : nobodys_;
    tag.ok_ = ok;
    peer.waiting_.PushBack(tag);
    ++size_;
    if (Ring<Peer>::IsInOne(peer)) return;
    peer.left_ = kOfTurn;
    peers_.PushBack(peer);
  }
  // Completes the next one. Must not be called when there is none.
  void CompleteNext() {
    Peer& peer = peers_.front();
    Tag& tag = peer.waiting_.front();
    Ring<Tag>::Remove(tag);
    --size_;
    if (peer.waiting_.empty()) {
      Ring<Peer>::Remove(peer);
    } else if (--peer.left_ == 0) {
      peer.left_ = kOfTurn;
      peers_.MoveToBack(peer);
    }
    tag.Complete(tag.ok_);
  }

 private:
  // Those that have something waiting.
  Ring<Peer> peers_;
  Peer nobodys_;
  size_t size_ = 0;
};

using Tag = Completions::Tag;

}  // namespace rota::grpcpp

#endif  // ROTA_TRANSPORT_GRPCPP_COMPLETIONS_H_
