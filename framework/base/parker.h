#ifndef ROTA_BASE_PARKER_H_
#define ROTA_BASE_PARKER_H_

#include <semaphore.h>

#include <cerrno>

#include "framework/base/check.h"

namespace rota {

// Where one thread sleeps until another wakes it. Cheaper than a condition variable: that takes its mutex again on behalf of who wakes
// up, and to give this back is a call of the system, because another thread might wait for it.
// Thread: Park() by one thread at a time, Unpark() by any.
// Owner:  who makes it; it must outlive Unpark().
class Parker {
 public:
  Parker() { ROTA_CHECK(sem_init(&wakes_, 0, 0) == 0, "sem_init failed"); }
  ~Parker() { sem_destroy(&wakes_); }
  Parker(const Parker&) = delete;
  Parker& operator=(const Parker&) = delete;

  // Sleeps until there is an Unpark() that no Park() has returned for.
  void Park() {
    while (sem_wait(&wakes_) != 0) ROTA_CHECK(errno == EINTR, "sem_wait failed");
  }
  // What the thread has written before, the other one sees after its Park().
  void Unpark() { sem_post(&wakes_); }

 private:
  sem_t wakes_;
};

}  // namespace rota

#endif  // ROTA_BASE_PARKER_H_
