#include "framework/transport/coding/coding_queue.h"

#include <algorithm>
#include <chrono>

namespace rota::coding {
namespace {

// The work of one step, at worst 0.2 to 0.4 ms.
constexpr size_t kStep = 128 << 10;

// For how long a run goes on; or for a quarter of the time since the last one, so that what waits is not starved by a loop that has much
// to do. But one that was blocked is not to be held up for much longer.
constexpr Duration kRun = std::chrono::microseconds(500);
constexpr Duration kLongestRun = std::chrono::milliseconds(5);

}  // namespace

void CodingQueue::Add(Entry& entry, Peer& peer) {
  Ring<Entry>::Remove(entry);
  peer.entries_.PushBack(entry);
  entry.peer_ = &peer;
  if (!Ring<Peer>::IsInOne(peer)) peers_.PushBack(peer);
}

void CodingQueue::Run() {
  left_ = kAtOnce;
  if (empty()) {
    ran_at_ = {};
    return;
  }
  const TimePoint now = loop_.Now();
  const Duration since = ran_at_ == TimePoint{} ? Duration::zero() : now - ran_at_;
  const TimePoint end = now + std::clamp<Duration>(since / 4, kRun, kLongestRun);
  do {
    Step();
  } while (!empty() && loop_.Now() < end);
  ran_at_ = loop_.Now();
}

bool CodingQueue::Step() {
  Peer& peer = peers_.front();
  Entry& entry = peer.entries_.front();
  if (!entry.CodeSome(kStep)) return false;
  // Of what the entry has done about itself, only this matters here: its peer has had its turn.
  if (!peers_.empty() && &peers_.front() == &peer) {
    peers_.Remove(peer);
    peers_.PushBack(peer);
  }
  return true;
}

}  // namespace rota::coding
