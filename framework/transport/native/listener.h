#ifndef ROTA_TRANSPORT_NATIVE_LISTENER_H_
#define ROTA_TRANSPORT_NATIVE_LISTENER_H_

#include <string>

#include "framework/base/callback.h"
#include "framework/base/ref.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/readiness.h"
#include "framework/loop/timer.h"
#include "framework/transport/native/admission_queue.h"

namespace rota::native {

// Accepts the connections of one listening socket, one at each of its turns. When the process has no descriptor left it
// turns connections away, by means of one that it holds in reserve, instead of leaving their peers to wait.
// Thread: loop.
// Owner:  the server; a wait holds it until it is closed.
class Listener final : public RefCounted, private AdmissionQueue::Entry {
 public:
  // Takes a connected socket in non-blocking mode.
  using OnAccepted = UniqueFunction<void(int fd, std::string peer)>;

  // Takes `fd`, which listens in non-blocking mode. `admission` gives it its turns.
  Listener(EventLoop& loop, AdmissionQueue& admission, int fd, OnAccepted on_accepted);

  void Start();
  // Accepts what has come so far and stops.
  void Close();
  // Stops; what has come is cut off.
  void Abandon();

 private:
  ~Listener() override;

  void Wait();
  void OnTurn() override;
  // Begins to wait again in a while.
  void Rest();
  // False: nothing waits, or it rests, for want of descriptors.
  bool AcceptOne();
  bool TurnAwaySome();

  EventLoop& loop_;
  AdmissionQueue& admission_;
  Readiness readiness_;
  OnAccepted on_accepted_;
  int reserve_ = -1;
  int turned_away_ = 0;  // Since it accepted, or rested.
  bool closed_ = false;
  Timer retry_;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_LISTENER_H_
