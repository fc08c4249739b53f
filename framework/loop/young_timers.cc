#include "framework/loop/young_timers.h"

namespace rota {

void YoungTimers::MakeRoomForKeys() {
  // In place, newest first, since older keys of a delay are of lists that have ended; without branches, as it is chance which count.
  Key* kept = next_key_;
  for (const Key* key = next_key_; key != keys_.data();) {
    const Key next = *--key;
    uint8_t& delay = delays_[Index(next.delay_ms)];
    const bool counts = (delay & kKeyNoted) != 0;
    kept[-1] = next;
    kept -= counts;
    delay &= ~kKeyNoted;
  }
  const auto left = static_cast<size_t>(next_key_ - kept);
  for (const Key* key = kept; key != next_key_; ++key) delays_[Index(key->delay_ms)] |= kKeyNoted;
  if (kept != keys_.data()) std::copy(kept, next_key_, keys_.data());
  // At most one of a delay that has timers counts: they are bounded as timers are.
  if (2 * left >= keys_.size()) keys_.resize(2 * keys_.size());
  next_key_ = keys_.data() + left;
  keys_end_ = keys_.data() + keys_.size();
}

}  // namespace rota
