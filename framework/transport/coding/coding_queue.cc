#include "framework/transport/coding/coding_queue.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace rota::coding {
namespace {

// The work of one step: 128 KiB took 0.2 to 0.4 ms at worst.
constexpr size_t kStep = 16 << 10;

// For how long a run goes on; or for a quarter of the time since the last one, so that what waits is not starved by a loop that has much
// to do. But one that was blocked is not to be held up for much longer.
constexpr Duration kRun = std::chrono::microseconds(50);
constexpr Duration kLongestRun = std::chrono::milliseconds(5);

}  // namespace

void CodingQueue::Add(Entry& entry, Peer& peer) {
  peer.entries_.PushBack(entry);
  entry.peer_ = &peer;
  if (Ring<Peer>::IsInOne(peer)) return;
  peer.had_turn_ = false;
  peers_.PushBack(peer);
}

void CodingQueue::RunHook() {
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
  if (std::exchange(peers_.front().had_turn_, false)) peers_.MoveToBack(peers_.front());
  Entry& entry = peers_.front().entries_.front();
  entry.begun_ = true;
  return entry.CodeSome(kStep);
}

}  // namespace rota::coding
