#ifndef ROTA_BASE_BRIEF_MUTEX_H_
#define ROTA_BASE_BRIEF_MUTEX_H_

#include <pthread.h>

#include <mutex>

namespace rota {

// A std::mutex for sections of a few instructions: who finds it taken tries again for about a microsecond before the thread
// sleeps, which costs many. glibc has this as a type of its mutexes; elsewhere it is a plain one.
class BriefMutex : public std::mutex {
 public:
  BriefMutex() {
#ifdef PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
    *native_handle() = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
#endif
  }
};

}  // namespace rota

#endif  // ROTA_BASE_BRIEF_MUTEX_H_
