#ifndef ROTA_TRANSPORT_NATIVE_ADMISSION_QUEUE_H_
#define ROTA_TRANSPORT_NATIVE_ADMISSION_QUEUE_H_

#include "framework/base/ring.h"
#include "framework/loop/event_loop.h"

namespace rota::native {

// What is to be done for peers that are not served yet, or no more: those that come are accepted, say their first words and get ours, those
// that go are let go of. They come and go by the thousand, and calls of those that are served must not wait for all of them: this is
// done in the check phase, when the answers of the poll phase are out, a bounded part in each iteration, in the order in which it came up.
// Thread: loop.
// Owner:  the host. What waits is a ref of the loop.
// Memory: none of its own: what waits is linked.
class AdmissionQueue {
 public:
  // One that waits for its turn. It leaves the queue when it ends.
  class Entry : public RingLink {
   public:
    // A small part of what is to be done. What is left may be added again. Runs without a context.
    virtual void OnTurn() = 0;

   protected:
    ~Entry() = default;
  };

  // The turns of one iteration: no more are begun once 50 us are over.
  static constexpr size_t kTurns = 8;

  explicit AdmissionQueue(EventLoop& loop) : loop_(loop) {}
  ~AdmissionQueue() { due_.Clear(); }
  AdmissionQueue(const AdmissionQueue&) = delete;
  AdmissionQueue& operator=(const AdmissionQueue&) = delete;

  // `entry` has its turn after those that wait. Nothing happens if it waits already.
  void Add(Entry& entry);
  static void Remove(Entry& entry) { Ring<Entry>::Remove(entry); }

 private:
  void RunSome();
  void Schedule();

  EventLoop& loop_;
  Ring<Entry> waiting_;
  Immediate due_;
  bool runs_ = false;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_ADMISSION_QUEUE_H_
