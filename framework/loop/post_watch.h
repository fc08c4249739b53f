#ifndef ROTA_LOOP_POST_WATCH_H_
#define ROTA_LOOP_POST_WATCH_H_

#include <cstddef>

#include "framework/base/clock.h"
#include "framework/base/cores.h"
#include "framework/loop/inbox.h"

namespace rota {

// How an idle loop waits for what other threads bring without going to sleep: for jobs that end soon, as the last have, because
// to wake the loop takes longer than most jobs; for who posts again and again, because on a core that both share waking it would
// take the core from who posts; and for a batch to grow while posts come in a rush. Never on a single core, nor under a clock
// that stands still.
// Thread: loop.
// Owner:  EventLoop. `clock` and `inbox` must outlive it.
class PostWatch {
 public:
  // What is awaited: the end of a job, or a post out of the blue.
  enum class For : bool { kPost, kJob };

  PostWatch(const Clock& clock, const Inbox& inbox) : clock_(clock), inbox_(inbox) {}

  // Waits for a post until `end`, but not longer than waking the loop takes. False: it is time to sleep.
  bool Await(For what, TimePoint now, TimePoint end) { return ComesSoon(what) && Spin(now, end); }
  // Poll has waited for so long, asleep, and then a post came.
  void NoteWait(For what, Duration waited);

  // The loop has taken a batch of `size`.
  void NoteBatch(size_t size) { last_batch_ = size; }
  // The last batch was a rush, so that it pays to let the next one grow.
  bool MayGather() const { return last_batch_ >= kRush && is_on_; }
  // Lets who posts go on, for as long as more comes and some microseconds at most.
  void Gather(TimePoint now) const;

 private:
  // Each batch that the loop takes costs who posts about a third of a microsecond, because the lines of the cache with the lock and
  // with the memory of the callbacks go to the loop and back: as much as ten posts.
  static constexpr size_t kRush = 16;

  bool ComesSoon(For what) const { return is_on_ && (what == For::kJob ? jobs_end_soon_ : posts_come_soon_); }
  bool Spin(TimePoint now, TimePoint end);

  const Clock& clock_;
  const Inbox& inbox_;
  const bool is_on_ = !clock_.IsManual() && UsableCores() > 1;
  bool jobs_end_soon_ = true;
  bool posts_come_soon_ = false;
  // So many callbacks were posted together the last time.
  size_t last_batch_ = 0;
};

}  // namespace rota

#endif  // ROTA_LOOP_POST_WATCH_H_
