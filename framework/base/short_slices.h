#ifndef ROTA_BASE_SHORT_SLICES_H_
#define ROTA_BASE_SHORT_SLICES_H_

namespace rota {

// Asks Linux to give the calling thread short slices of time: when it has something to do on a core that another thread has, it goes before
// that one, and does not wait until it has had its own slice, of some 3 ms. It gets no more time than before. For a thread that
// others wait for, and that mostly sleeps. The threads that it starts have the usual slices.
// Thread: any. Where Linux does not know it (before 6.12), or the policy is another one than SCHED_OTHER, nothing happens.
// Source: sched(7), sched_setattr(2); PREEMPT_SHORT in kernel/sched/features.h of Linux 6.12.
void TakeShortSlices();

}  // namespace rota

#endif  // ROTA_BASE_SHORT_SLICES_H_
